package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// node is a state found by the search.
type node struct {
	w      *world // nil once its steps were taken
	parent int32
	by     string  // the step that led here first
	out    []int32 // what its obligatory steps lead to
}

// search is a breadth-first search over all interleavings of a scenario.
type search struct {
	nodes []node
	index map[string]int32
	most  int // states at most
}

// errTooMany is the error of a search that needs more states than it may have. In those that it saw nothing is wrong.
var errTooMany = errors.New("more states than allowed")

// check explores the scenario on the core with the rules given and reports the number of states, and the
// first thing that is wrong, with the shortest schedule that leads there.
func check(sc *scenario, rules wrong, most int) (states int, err error) {
	s := &search{index: map[string]int32{}, most: most}
	start := newWorld(sc)
	start.c.wrong = rules
	s.add(start, -1, "")
	for at := int32(0); int(at) < len(s.nodes); at++ {
		if err := s.expand(at); err != nil {
			return len(s.nodes), err
		}
		if len(s.nodes) > s.most {
			return len(s.nodes), fmt.Errorf("%s: %w: %d", sc.name, errTooMany, s.most)
		}
	}
	return len(s.nodes), s.progress()
}

// add returns the number of the state w, a new one if it was not seen before.
func (s *search) add(w *world, parent int32, by string) int32 {
	k := w.key()
	if i, seen := s.index[k]; seen {
		return i
	}
	i := int32(len(s.nodes))
	s.index[k] = i
	s.nodes = append(s.nodes, node{w: w, parent: parent, by: by})
	return i
}

// expand takes every step that is possible in a state and checks where it leads.
func (s *search) expand(at int32) error {
	w := s.nodes[at].w
	s.nodes[at].w = nil
	obliged, begun := false, false
	for _, st := range w.steps() {
		next := w.clone()
		if err := next.take1(st, w); err != nil {
			return s.trace(at, st.name, err)
		}
		i := s.add(next, at, st.name)
		if st.optional {
			continue
		}
		s.nodes[at].out = append(s.nodes[at].out, i)
		obliged = true
		begun = begun || !st.starts
	}
	if n := w.c.waiters + w.c.carriers; !begun && n > 0 && (w.c.waiters > 0 || !w.awaitsNews()) {
		return s.trace(at, "", fmt.Errorf("stuck: %d waiters, and only new puts could move anything", n))
	}
	if !obliged {
		if err := w.over(); err != nil {
			return s.trace(at, "", err)
		}
	}
	return nil
}

// take1 takes one step and checks the state it leads to. A panic in the core is a finding like others.
func (w *world) take1(st step, before *world) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	st.do(w)
	if w.c.Alert() {
		w.collect()
	}
	return w.verify(before)
}

// awaitsNews reports whether a unit is parked, and what it waits for may not have been put yet, for all that the core knows.
func (w *world) awaitsNews() bool {
	return slices.ContainsFunc(w.units, func(u unit) bool { return u.at == parked }) &&
		slices.ContainsFunc(w.qs, func(q Queue) bool { return q.Gate && !q.closed })
}

// over checks a state in which nothing more can happen: everybody is done, and nothing is accounted.
func (w *world) over() error {
	for i := range w.prods {
		if w.prods[i].phase != gone {
			return fmt.Errorf("stuck: producer %d never ends", i)
		}
	}
	for i := range w.cons {
		if w.cons[i].phase != gone {
			return fmt.Errorf("stuck: consumer %d never ends", i)
		}
	}
	if c := &w.c; c.used != 0 || c.units != 0 || c.moving != 0 || c.awake != 0 || c.waiters != 0 || c.carriers != 0 || c.waiting != 0 {
		return fmt.Errorf("not zero at the end: used %d, units %d, moving %d, awake %d, waiters %d and %d with %d",
			c.used, c.units, c.moving, c.awake, c.waiters, c.carriers, c.waiting)
	}
	return nil
}

// progress checks that the obligatory steps make no circle. In a finite system without one every schedule
// comes to an end, which expand has found to be a good one: nothing is stuck, and nothing runs for ever.
func (s *search) progress() error {
	in := make([]int32, len(s.nodes))
	for i := range s.nodes {
		for _, o := range s.nodes[i].out {
			in[o]++
		}
	}
	var free []int32
	for i, n := range in {
		if n == 0 {
			free = append(free, int32(i))
		}
	}
	done := 0
	for ; len(free) > 0; done++ {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		for _, o := range s.nodes[i].out {
			if in[o]--; in[o] == 0 {
				free = append(free, o)
			}
		}
	}
	if done < len(s.nodes) {
		return s.trace(int32(slices.IndexFunc(in, func(n int32) bool { return n > 0 })), "",
			fmt.Errorf("livelock: from here steps go round in a circle"))
	}
	return nil
}

// trace adds the shortest schedule to what was found.
func (s *search) trace(at int32, last string, err error) error {
	var path []string
	if last != "" {
		path = append(path, last)
	}
	for ; at > 0; at = s.nodes[at].parent {
		path = append(path, s.nodes[at].by)
	}
	slices.Reverse(path)
	return fmt.Errorf("%w\nafter %s", err, strings.Join(path, ", "))
}
