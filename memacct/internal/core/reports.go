package core

// What reports need to know beside the figures in a Snapshot.

// RefusedSum is how many waiters were refused, and their bytes, while those are still in the hands of whoever
// wanted to put them. A stalled budget refuses all who wait at once, and each wants to know what the others
// hold.
type RefusedSum struct {
	Waiters int
	Bytes   int64
	Unread  int64 // of reservations: nothing was read for them yet, and Bytes is without them
}

func (t *RefusedSum) add(w *Waiter, sign int) {
	t.Waiters += sign
	switch {
	case w.Carried: // it is in flight, and counted there
	case w.NoSlot:
		t.Unread += int64(sign) * w.Bytes
	default:
		t.Bytes += int64(sign) * w.Bytes
	}
}

// Told says that a refused waiter knows why, and is about to let go of its unit.
func (c *Core) Told(w *Waiter) { c.Refused.add(w, -1) }

// Unread is the part of Snapshot.Waiting for which nothing was read yet: reservations.
func (c *Core) Unread() (bytes int64) {
	for _, q := range c.queues {
		for w := q.reserving.first; w != nil; w = q.reserving.after(w) {
			bytes += w.Bytes
		}
	}
	return bytes
}

// Ended is how many units came through gates and are charged no more.
func (c *Core) Ended() int64 {
	n := c.entered
	for _, q := range c.queues {
		if q.Gate {
			n += q.counts.Units
		}
	}
	return max(0, n-int64(c.units)) // units may be split, or come to plain queues
}

// Idle reports whether no unit is in a hand, or on its way.
func (c *Core) Idle() bool { return c.moving+c.awake == 0 }

// Kept is how many bytes of the limit the floors of the other accounts keep free.
func (a *Account) Kept() int64 { return a.core.unmet - a.unmet() }

// Consumers returns how many loops take from q, and how many of them a parked unit or a full queue holds up.
func (q *Queue) Consumers() (attached, held int) { return q.consumers, q.held }

// Progress differs between two moments if a unit came, went, was taken or has grown while it was built in between.
type Progress struct {
	arrived     int64
	units, hand int
}

// Progress returns it for the whole budget.
func (c *Core) Progress() (p Progress) {
	for _, q := range c.queues {
		p.arrived += q.counts.Units + q.grown
		p.hand += q.hand
	}
	p.units = c.units
	return p
}

// progress is that of the queues of one account.
func (a *Account) progress() (p Progress) {
	for _, q := range a.core.queues {
		if q.Account == a {
			p.arrived += q.counts.Units + q.grown
			p.hand += q.hand
		}
	}
	p.units = a.units
	return p
}

// Progress returns it for one queue.
func (q *Queue) Progress() Progress { return Progress{q.counts.Units, q.ready, q.hand} }
