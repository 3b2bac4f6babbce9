package sizer

import "slices"

// judge finds out for p, and for every plan it leads to, whether a walk may come back to it:
// then references to its values must be remembered for the walk to end. It is Tarjan's search
// for strongly connected components. It writes to each plan once: others may be reading.
func judge(p *plan) {
	if !p.judged {
		(&judging{number: map[*plan]int{}}).visit(p)
	}
}

type judging struct {
	number map[*plan]int // in the order they were met, from 1; those judged are gone
	met    int
	open   []*plan // not judged yet
}

// visit judges what p leads to, and p too unless it is part of a circle that began before it.
// It returns the number of the first plan on the way here that p leads back to.
func (j *judging) visit(p *plan) int {
	j.met++
	number, first := j.met, j.met
	j.number[p] = number
	j.open = append(j.open, p)
	p.leadsTo(func(next *plan) {
		switch at := j.number[next]; {
		case next == nil || next == p:
			p.loops = true
		case at != 0:
			first = min(first, at)
		case !next.judged:
			first = min(first, j.visit(next))
		}
	})
	if first == number {
		j.close(p)
	}
	return first
}

// close judges p and the plans met after it, which lead to each other.
func (j *judging) close(p *plan) {
	for circle := j.open[len(j.open)-1] != p; ; {
		last := j.open[len(j.open)-1]
		j.open = j.open[:len(j.open)-1]
		delete(j.number, last)
		last.loops = last.loops || circle || holdsLoop(last)
		last.hooked, last.judged = isHooked(last), true
		if last == p {
			return
		}
	}
}

// holdsLoop reports whether a value that loops is an element within the words of a p, to which
// a way back to it leads then.
func holdsLoop(p *plan) bool {
	return slices.ContainsFunc(p.ops, func(o op) bool { return o.code == opArray && o.elem.loops })
}

// leadsTo calls yield for every plan whose values one of p holds or refers to, and with nil for
// an interface: what is in it can't be known, so it may be anything.
func (p *plan) leadsTo(yield func(*plan)) {
	for i := range p.ops {
		o := &p.ops[i]
		switch {
		case o.code == opEmpty || o.code == opMethods || o.code == opValue || o.code == opSyncMap:
			yield(nil)
		case o.m != nil:
			yield(o.m.key)
			yield(o.m.elem)
		case o.elem != nil:
			yield(o.elem)
		}
	}
}
