package core

import (
	"iter"
	"math"
	"slices"
)

// touch has admit look at who waits at q. Elsewhere nothing has changed but how much memory there is.
func (q *Queue) touch() {
	if q.Gate && !q.touched {
		q.touched = true
		q.core.touched = append(q.core.touched, q)
	}
}

// nothing is what is least where nobody waits: more than there ever is.
const nothing = math.MaxInt64

// measureLines finds anew, at the gates that were touched, what the heads of their lines need.
func (c *Core) measureLines() {
	for _, q := range c.touched {
		q.touched = false
		if q.least < nothing {
			c.starved--
		}
		q.least = nothing
		line := q.line()
		for w, i := line.first, 0; w != nil && i <= window; w, i = line.after(w), i+1 {
			q.least = min(q.least, w.Bytes)
		}
		if q.least < nothing {
			c.starved++
			c.least = min(c.least, q.least)
		}
	}
	c.touched = c.touched[:0]
}

// unline takes w out of its line.
func (c *Core) unline(w *Waiter) {
	q := w.Queue
	if w.Grows {
		c.unstall(w)
		return
	}
	if !w.memory() {
		q.carriers.remove(w)
		c.carriers--
		w.stop(-1)
		return
	}
	q.waiters.remove(w)
	c.waiters--
	c.waiting -= w.Bytes
	q.Account.waiting -= w.Bytes
	if w.NoSlot {
		q.reserving.remove(w)
	}
	if w.passed >= window {
		c.claims--
	}
	if q.waiters.empty() {
		c.lined = without(c.lined, q)
	}
	q.touch()
}

// without takes one out of a slice. The first, which mostly goes first, costs nothing.
func without[T any](all []*T, one *T) []*T {
	if all[0] == one {
		all[0] = nil
		return all[1:]
	}
	i := slices.Index(all, one)
	return slices.Delete(all, i, i+1)
}

// line is who waits for memory in q, and for that alone. While no slot is free those are the reservations, which need
// none.
func (q *Queue) line() *waitlist {
	if q.Full() {
		return &q.reserving
	}
	return &q.waiters
}

// waits reports whether anybody waits at q.
func (q *Queue) waits() bool { return q.carriers.n+q.waiters.n > 0 }

// Line yields who waits at q: those that grow, those that need a slot alone, then the others, each first come first.
// The lock must be held meanwhile, and nobody may leave.
func (q *Queue) Line() iter.Seq[*Waiter] {
	return func(yield func(*Waiter) bool) {
		for w := q.core.growers.first; w != nil; w = q.core.growers.after(w) {
			if w.Queue == q && !yield(w) {
				return
			}
		}
		for _, l := range []*waitlist{&q.carriers, &q.waiters} {
			for w := l.first; w != nil; w = l.after(w) {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// lines returns the gates that have a line, lowest use per weight of their account first, and those of the same use in
// order of creation. It is nearly in that order since the last time, and so an insertion sort costs little. The slice
// is good until somebody joins or leaves a line.
func (c *Core) lines() []*Queue {
	for i := 1; i < len(c.lined); i++ {
		for j := i; j > 0 && c.lined[j].before(c.lined[j-1]); j-- {
			c.lined[j], c.lined[j-1] = c.lined[j-1], c.lined[j]
		}
	}
	return c.lined
}

func (q *Queue) before(p *Queue) bool {
	l, r := float64(q.Account.used)/q.Account.Weight, float64(p.Account.used)/p.Account.Weight
	return l < r || l == r && q.number < p.number
}
