package core

import "slices"

// quiescent tells whether a waiter is left and no live unit of any account can move: none is in a hand or on
// its way, none is queued where a consumer could come for it, and none is parked on a future that is done. It
// rests on counts of units, never on bytes: a unit may weigh nothing, and a sum of bytes may be stale.
//
// A queue without any consumer counts as able to move: one may still attach.
func (c *Core) quiescent() bool {
	if c.waiters == 0 || c.moving+c.awake > 0 && !c.wrong.byBytes {
		return false
	}
	if c.wrong != (wrong{}) && !c.wrong.quiescent(c) {
		return false
	}
	for _, q := range c.queues {
		if q.ready > 0 && (q.consumers == 0 || q.held < q.consumers) {
			return false
		}
	}
	return !slices.ContainsFunc(c.parks, (*Park).over)
}

// over tells whether what the unit waited for has happened, though its goroutine did not run since.
func (p *Park) over() bool {
	select {
	case <-p.Done:
		return true
	default:
		return false
	}
}

// decide applies the policy to the claimant, else to the first waiter that memory keeps out. Where only slots
// keep waiters out, parked units hold every worker that could make one free, and no policy helps the first of
// them. It reports whether there was a waiter.
func (c *Core) decide() bool {
	if w := c.claimant(); w != nil { // others may fit, but for its claim
		c.judge(w)
		return true
	}
	var slotless *Waiter
	for _, q := range c.lines() {
		for _, w := range q.waiters {
			switch {
			case !w.memory():
			case !w.NoSlot && q.Full():
				if slotless == nil {
					slotless = w
				}
			case !c.fits(q.Account, w.Bytes):
				c.judge(w)
				return true
			}
		}
	}
	if slotless == nil {
		return false
	}
	c.counts.Refused++
	c.refuse(slotless, Stalled)
	return true
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
