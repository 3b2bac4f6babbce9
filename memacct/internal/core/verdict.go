package core

import "slices"

// quiescent reports whether a waiter is left and no live unit of any account can move: none is in a hand or on
// its way, none is queued where a consumer could come for it, and none is parked on a future that is done. It
// rests on counts of units, never on bytes: a unit may weigh nothing, and a sum of bytes may be stale.
//
// While a gate is open and nobody waits there, what the units in flight wait for may still be put.
func (c *Core) quiescent() bool {
	if c.Mode != Enforce || c.waiters+c.carriers == 0 || c.moving+c.awake > 0 && !c.wrong.byBytes {
		return false
	}
	if c.blind > 0 && !c.hungry && !c.overdue {
		return false // what those wait for may have happened; nobody is short of memory meanwhile
	}
	if c.wrong != (wrong{}) && !c.wrong.quiescent(c) {
		return false
	}
	for _, q := range c.queues {
		if q.movable() || c.waiters == 0 && q.Gate && !q.closed {
			return false
		}
	}
	return !slices.ContainsFunc(c.parks, (*Park).over)
}

// Still reports whether no live unit of any account can move, whether or not somebody waits for memory or a slot.
func (c *Core) Still() bool {
	return c.moving+c.awake == 0 && !slices.ContainsFunc(c.queues, (*Queue).movable) && !slices.ContainsFunc(c.parks, (*Park).over)
}

// decide applies the policy to the claimant, else to the first waiter that memory keeps out. Before that it lets in
// who fits: neither its place in line nor somebody's claim must have a unit refused that waits for that one. Where
// only slots keep waiters out, parked units hold every worker that could make one free, and no policy helps the first
// of them. It reports whether there was a waiter.
func (c *Core) decide() bool {
	if !c.growers.empty() {
		c.decideGrowth()
		return true
	}
	if c.units > 0 && !c.wrong.inLine && c.admitAnywhere() {
		return true
	}
	if w := c.claimant(); w != nil { // others may fit, but for its claim
		c.judge(w)
		return true
	}
	var slot *Waiter // that only a slot is missing for
	for _, q := range c.lines() {
		for w := q.waiters.first; w != nil; w = q.waiters.after(w) {
			switch {
			case !w.NoSlot && q.Full():
				if slot == nil {
					slot = w
				}
			case c.fits(q.Account, w.Bytes):
				c.grant(w)
				return true
			default:
				c.judge(w)
				return true
			}
		}
	}
	for _, q := range c.queues {
		if carried := q.carriers.first; slot == nil && carried != nil {
			slot = carried
		}
	}
	if slot == nil {
		return false
	}
	c.counts.Refused++
	slot.Slot = true
	c.refuse(slot, Stalled)
	return true
}

// admitAnywhere grants the first waiter that fits, wherever it stands.
func (c *Core) admitAnywhere() bool {
	for _, q := range c.lines() {
		line := q.line()
		for w := line.first; w != nil; w = line.after(w) {
			if c.fits(q.Account, w.Bytes) {
				c.grant(w)
				return true
			}
		}
	}
	return false
}

// judge admits w as an overrun if the policy and its bound allow it, and refuses it otherwise.
func (c *Core) judge(w *Waiter) {
	if c.past(w) <= c.Overrun {
		c.overrun(w)
		return
	}
	c.counts.Refused++
	why := Oversize
	if c.units > 0 {
		why = Stalled
	}
	c.refuse(w, why)
}

// past is by how much w exceeds the limit.
func (c *Core) past(w *Waiter) int64 {
	return w.Bytes - (c.limit - c.used - (c.unmet - w.Queue.Account.unmet()))
}

// overrun admits w past the limit.
func (c *Core) overrun(w *Waiter) {
	c.counts.Overruns++
	w.Overran, w.Past = true, c.past(w)
	c.grant(w)
}
