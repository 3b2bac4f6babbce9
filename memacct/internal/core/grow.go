package core

// A reservation may grow while its unit is built. Who waits for that holds memory and wants more, which nobody else
// may. These rules keep it from being a deadlock:
//
//   - It comes before all who wait at gates, and none of them passes it but on the floor of its own account: what it
//     holds comes free the sooner the sooner it is served.
//   - Of several the first that ever waited is served first, for as long as it grows. In order of arrival they would
//     all grow by turns, until none could.
//   - It does not move while it waits. Where nothing else moves either, a younger one that fits is let in. Then the
//     policy decides: the oldest overruns; or one is refused, one too large for the empty budget if there is one, else
//     the youngest, and the others go on with what it gives back.

// Grow charges n more bytes to a reservation if that needs no waiting, and reports whether it did.
func (q *Queue) Grow(n int64) bool {
	c := q.core
	if q.closed || !c.growers.empty() || !c.fits(q.Account, n) {
		return false
	}
	q.grow(n)
	return true
}

func (q *Queue) grow(n int64) {
	if q.core.Mode == Shadow && !q.core.room(q.Account, n) {
		q.core.counts.WouldWait++
	}
	q.Account.charge(n)
	q.grown++
}

// stall puts w, which waits to grow, in its place in line.
func (c *Core) stall(w *Waiter) {
	if w.Turn == 0 {
		c.turns++
		w.Turn = c.turns
	}
	before := c.growers.last
	for before != nil && before.Turn > w.Turn {
		before = c.growers.before(before)
	}
	c.growers.insert(w, before)
	c.waiters++
	c.waiting += w.Bytes
	w.Queue.Account.waiting += w.Bytes
	if !c.wrong.growersMove {
		c.moving--
	}
	c.wrong.noteEdge(c)
}

// unstall takes it out again.
func (c *Core) unstall(w *Waiter) {
	c.growers.remove(w)
	c.waiters--
	c.waiting -= w.Bytes
	w.Queue.Account.waiting -= w.Bytes
	if !c.wrong.growersMove {
		c.moving++
	}
}

// Grown says that w, which was granted, goes on.
func (q *Queue) Grown(w *Waiter) { w.State = Idle }

// admitGrowth grants those who wait to grow, in their order, and notes whether one is left.
func (c *Core) admitGrowth() {
	for w := c.growers.first; w != nil && c.fits(w.Queue.Account, w.Bytes); w = c.growers.first {
		c.grant(w)
	}
	c.hungry = c.hungry || !c.growers.empty()
}

// decideGrowth decides about one of those who wait to grow, or about a unit that others live ones may wait for.
func (c *Core) decideGrowth() {
	for w := c.growers.first; w != nil; w = c.growers.after(w) {
		if c.fits(w.Queue.Account, w.Bytes) {
			c.grant(w)
			return
		}
	}
	if c.units > c.growers.n && c.admitAnywhere() {
		return
	}
	if w := c.growers.first; c.past(w) <= c.Overrun {
		c.overrun(w)
		return
	}
	c.counts.Refused++
	for w := c.growers.first; w != nil; w = c.growers.after(w) {
		if w.hopeless() {
			c.refuse(w, Oversize)
			return
		}
	}
	c.refuse(c.growers.last, Stalled)
}

// hopeless reports whether what w wants and has is more than the budget, with nothing else in flight, and the policy
// allow. What others are charged by name stays, and so do their floors.
func (w *Waiter) hopeless() bool {
	c, a := w.Queue.core, w.Queue.Account
	free := c.limit - c.named + c.Overrun
	for _, o := range c.accounts {
		if o != a {
			free -= max(0, o.Floor-o.named)
		}
	}
	return w.Held+w.Bytes > max(free, a.Floor-a.named)
}

// closeGrowth refuses those who wait to grow at q, which was closed.
func (q *Queue) closeGrowth() {
	for w := q.core.growers.first; w != nil; {
		next := q.core.growers.after(w)
		if w.Queue == q {
			q.core.refuse(w, Closed)
		}
		w = next
	}
}
