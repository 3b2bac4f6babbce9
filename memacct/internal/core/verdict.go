package core

// quiescent tells whether a waiter is left and no live unit of any account can move: none is in a hand or on
// its way, and none is queued where a consumer could come for it. It rests on counts of units, never on
// bytes: a unit may weigh nothing, and a sum of bytes may be stale.
//
// A queue without any consumer counts as able to move: one may still attach.
func (c *Core) quiescent() bool {
	if !c.hungry || c.moving+c.awake > 0 {
		return false
	}
	for _, q := range c.queues {
		if q.ready > 0 && (q.consumers == 0 || q.held < q.consumers) {
			return false
		}
	}
	return true
}

// decide applies the policy to the first waiter that memory keeps out. It reports whether there was one.
func (c *Core) decide() bool {
	for _, q := range c.lines() {
		for _, w := range q.waiters {
			if !w.NoSlot && q.Full() || !w.memory() || c.fits(q.Account, w.Bytes) {
				continue
			}
			c.judge(w)
			return true
		}
	}
	return false
}

// judge admits w as an overrun if the policy and its bound allow it, and refuses it otherwise.
func (c *Core) judge(w *Waiter) {
	a := w.Queue.Account
	if over := w.Bytes - (c.limit - c.used - (c.unmet - a.unmet())); over <= c.Overrun {
		c.counts.Overruns++
		w.Overran = true
		c.grant(w)
		return
	}
	c.counts.Refused++
	why := Oversize
	if c.units > 0 {
		why = Stalled
	}
	c.refuse(w, why)
}
