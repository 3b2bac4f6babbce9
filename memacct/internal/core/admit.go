package core

// window is how far behind a blocked head of a gate's line a fitting waiter is looked for, and how many
// grants may pass a blocked waiter before nobody passes it any more. Four keeps a large unit from starving
// while small ones use the room that it can't.
const window = 4

// A Sleeper is whoever sleeps until a decision. Its fields are for the caller alone, its way to wake the sleeper
// and to know who that is: the core never touches them.
type Sleeper struct {
	Wake chan struct{}
	Note any
}

// State is where a waiter stands.
type State uint8

// The states of a waiter.
const (
	Idle    State = iota
	Waiting       // in a line
	Granted       // charged, with its slot promised
	Refused       // see Reason
)

// Reason says why a waiter was refused.
type Reason uint8

// The reasons for a refusal.
const (
	None     Reason = iota
	Oversize        // nothing is live and it still does not fit
	Stalled         // live units wait for each other, and it does not fit beside them
	Closed          // the queue was closed
)

// Waiter is one put (or reservation) that has to wait.
type Waiter struct {
	Sleeper
	Queue    *Queue
	Bytes    int64
	NoSlot   bool // a reservation: memory only
	Grows    bool // a reservation of Held bytes: memory only, and before all others
	Held     int64
	Turn     int64 // where it stands among those that grow: 0 the first time, and then what it was given
	Carried  bool  // a unit taken out of somebody's hand, or a reservation redeemed: charged already, it waits for a slot only
	Hand     *Hand // that the carried unit was taken out of; nil if it was in none
	Loop     *Hand // of the innermost loop that the waiting goroutine runs; nil if it runs none, or that is not known
	State    State
	taken    int // the Hand's count of takes when the wait began
	Reason   Reason
	Nth      int64 // of all that were ever refused, which one this is
	Slot     bool  // it was refused because no slot could come free, and not for memory
	Overran  bool  // admitted past the limit
	Past     int64 // and how far
	ticks    int   // moments at which it waited, see Tick
	passed   int   // grants that passed it since it was blocked
	passedBy int64 // and their bytes
	links    [lanes]links
}

// memory reports whether w waits for memory, and not only for a slot.
func (w *Waiter) memory() bool { return w.Queue.Gate && !w.Carried }

// Enqueue puts w at the end of its line. It may be granted, or refused, at once: look at w.State.
func (c *Core) Enqueue(w *Waiter) {
	w.State, w.Reason, w.Slot, w.Overran, w.ticks, w.passed, w.passedBy = Waiting, None, false, false, 0, 0, 0
	q := w.Queue
	switch {
	case w.Grows:
		c.stall(w)
	case w.memory():
		if q.waiters.empty() {
			c.lined = append(c.lined, q)
		}
		q.waiters.add(w)
		c.waiters++
		c.waiting += w.Bytes
		q.Account.waiting += w.Bytes
		if w.NoSlot {
			q.reserving.add(w)
		}
		q.touch()
		c.wrong.noteEdge(c)
	default:
		q.carriers.add(w)
		c.carriers++
		w.stop(1)
		q.grantSlots()
	}
	c.update() // these may have been the last units on the move
}

// Cancel takes back w, which gave up. A grant that came in the meantime is given back, and whoever fits then
// is admitted.
func (c *Core) Cancel(w *Waiter) {
	switch w.State {
	case Waiting:
		c.unline(w)
	case Granted:
		switch {
		case w.Grows:
			w.Queue.Account.charge(-w.Bytes)
		case w.Carried:
			w.Queue.incoming--
		case w.NoSlot:
			w.Queue.unreserve(w.Bytes)
		default:
			w.Queue.incoming--
			w.Queue.unreserve(w.Bytes)
		}
	}
	w.State = Idle
	w.Queue.touch()
	w.Queue.grantSlots()
	w.Queue.wakeIfEnded()
	w.Queue.retire()
	c.update()
}

// grant admits w: it is charged from now on, and its slot is promised.
func (c *Core) grant(w *Waiter) {
	c.unline(w)
	w.State = Granted
	switch {
	case w.Grows:
		w.Queue.grow(w.Bytes)
	case w.Carried:
		w.Queue.incoming++
	default:
		w.Queue.enter(1, w.Bytes)
		c.moving++ // it is on its way
		if !w.NoSlot {
			w.Queue.incoming++
		}
	}
	c.Woken = append(c.Woken, &w.Sleeper)
}

// refuse tells w that it will never be admitted.
func (c *Core) refuse(w *Waiter, why Reason) {
	c.unline(w)
	w.State, w.Reason = Refused, why
	if why != Closed {
		w.Nth = c.counts.Refused
		c.Refused.add(w, 1)
	}
	c.Woken = append(c.Woken, &w.Sleeper)
}

// room reports whether n more bytes of a fit under the limit, with the floors of the others kept free, or
// under its own floor. Subtraction on the left keeps it safe from overflow.
func (c *Core) room(a *Account, n int64) bool {
	free := c.limit - c.used - (c.unmet - a.unmet())
	return n <= free || a.covers(n)
}

// covers reports whether n more bytes fit under a's own floor. Nobody else's claim can be on those.
func (a *Account) covers(n int64) bool { return n <= a.Floor-a.used }

// fits is room for those who must ask.
func (c *Core) fits(a *Account, n int64) bool { return c.Mode != Enforce || c.room(a, n) }

// admit grants every waiter at a gate that may go, and notes whether one is left that only memory keeps out. As long
// as there is none, nobody is passed or has a claim, and only those can go whose gate was touched. Where there is one,
// and not the memory that the smallest of all needs, nobody can go at all.
func (c *Core) admit() {
	c.admitGrowth()
	if c.wrong.oneGrant {
		c.admitOne()
		c.measureLines()
		return
	}
	if !c.hungry {
		for i := 0; i < len(c.touched); i++ { // a grant may add to them
			c.hungry = !c.touched[i].admitAll() || c.hungry
		}
	}
	c.measureLines()
	for c.hungry && !c.nobody() {
		if c.admitOne() {
			c.hungry = true // it did not look at all
			c.measureLines()
			continue
		}
		c.least = nothing
		for _, q := range c.lined {
			c.least = min(c.least, q.least)
		}
		return
	}
	c.hungry = c.hungry && (c.starved > 0 || !c.growers.empty())
}

// nobody reports whether there is not even the memory for the smallest that waits, or who grows has a claim on it. Floors
// make it another's for each, and a unit of no bytes is covered even by none.
func (c *Core) nobody() bool {
	return c.Mode == Enforce && !c.floored && c.least > 0 && (!c.growers.empty() || c.limit-c.used < c.least)
}

// admitAll grants those who wait at q, in order, and reports false at the first that has no memory.
func (q *Queue) admitAll() bool {
	for {
		w := q.line().first
		if w == nil {
			return true
		}
		if !q.core.fits(q.Account, w.Bytes) {
			return false
		}
		q.core.grant(w)
	}
}

// admitOne looks at the lines of all gates, the account with the lowest use per weight first, and grants the
// first waiter that fits. Those it passes on the way remember it; one that was passed too often becomes the
// claimant, whom nobody passes.
func (c *Core) admitOne() bool {
	c.hungry = !c.growers.empty()
	claimant := c.claimant()
	var passed [2 * window]*Waiter // blocked waiters seen so far; more than these are not kept from being passed
	seen := passed[:0]
	for _, q := range c.lines() {
		line := q.line()
		blocked := 0
		for w := line.first; w != nil && blocked <= window; w = line.after(w) {
			if !c.fits(q.Account, w.Bytes) {
				c.hungry = true
				blocked++
				if len(seen) < cap(seen) {
					seen = append(seen, w)
				}
				continue
			}
			if w.barred(claimant) {
				blocked++
				continue
			}
			for _, p := range seen {
				if p.passed++; p.passed == window {
					c.claims++
				}
				p.passedBy += w.Bytes
			}
			c.grant(w)
			return true
		}
	}
	return false
}

// claimant is whom nobody passes: who waits to grow, else the head of the first line in which somebody was passed too
// often.
func (c *Core) claimant() *Waiter {
	if !c.growers.empty() {
		return c.growers.first
	}
	if c.claims == 0 {
		return nil
	}
	for _, q := range c.queues {
		if w := q.claimant(); w != nil {
			return w
		}
	}
	return nil
}

// claimant is the head of q's line if a waiter in it was passed by window grants and by as many bytes as its
// own. Who waits for a slot claims nothing: it is not memory that keeps it out.
func (q *Queue) claimant() *Waiter {
	line := q.line()
	for w, i := line.first, 0; w != nil && i <= window; w, i = line.after(w), i+1 {
		if w.passed >= window && w.passedBy >= w.Bytes {
			return line.first
		}
	}
	return nil
}

// barred reports whether a claim keeps w out: one in its own line, or one elsewhere, unless it is for bytes that
// the floor of w's account keeps from the claimant anyway.
func (w *Waiter) barred(claimant *Waiter) bool {
	if claimant == nil || w == claimant {
		return false
	}
	if own := w.Queue.claimant(); own != nil && own != w {
		return true
	}
	a := w.Queue.Account
	return a == claimant.Queue.Account || !a.covers(w.Bytes)
}

// grantSlots lets waiters in that wait for nothing but a slot. They come before the others.
func (q *Queue) grantSlots() {
	for !q.carriers.empty() && !q.Full() {
		q.core.grant(q.carriers.first)
	}
}
