package core

import (
	"math"
	"slices"
)

// window is how far behind a blocked head of a gate's line a fitting waiter is looked for, and how many
// grants may pass a blocked waiter before nobody passes it any more. Four keeps a large unit from starving
// while small ones use the room that it can't.
const window = 4

// A Sleeper is whoever sleeps until a decision. Its fields are for the caller alone, its way to wake the sleeper
// and to know who that is: the core never touches them.
type Sleeper struct {
	Ring chan struct{}
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
	NoSlot   bool  // a reservation: memory only
	Carried  bool  // a unit taken out of somebody's hand, or a reservation redeemed: charged already, it waits for a slot only
	Hand     *Hand // that the carried unit was taken out of; nil if it was in none
	Loop     *Hand // of the innermost loop that the waiting goroutine runs; nil if it runs none, or that is not known
	State    State
	taken    int // the Hand's count of takes when the wait began
	Reason   Reason
	Nth      int64 // of all that were ever refused, which one this is
	Overran  bool  // admitted past the limit
	Past     int64 // and how far
	ticks    int   // moments at which it waited, see Tick
	passed   int   // grants that passed it since it was blocked
	passedBy int64 // and their bytes
}

// memory tells whether w waits for memory, and not only for a slot.
func (w *Waiter) memory() bool { return w.Queue.Gate && !w.Carried }

// Enqueue puts w at the end of its line. It may be granted, or refused, at once: look at w.State.
func (c *Core) Enqueue(w *Waiter) {
	w.State, w.Reason, w.Overran, w.ticks, w.passed, w.passedBy = Waiting, None, false, 0, 0, 0
	q := w.Queue
	if w.memory() {
		if q.carried() == len(q.waiters) {
			c.lined = append(c.lined, q)
		}
		q.waiters = append(q.waiters, w)
		c.waiters++
		c.waiting += w.Bytes
		q.Account.waiting += w.Bytes
		if w.NoSlot {
			q.slotless = append(q.slotless, w)
		}
		q.touch()
		c.wrong.noteEdge(c)
	} else {
		q.waiters = slices.Insert(q.waiters, q.carried(), w)
		q.carrying++
		c.carriers++
		w.stop(1)
		q.grantSlots()
	}
	c.settle() // these may have been the last units on the move
}

// stop takes what can't move while w waits for a slot off the move, and puts it back (-1): the unit that it carries,
// and what the loops around it have in hand. Otherwise a worker held behind the next queue would look like one at work
// here. A put that carries nothing, of a goroutine that runs no loop, stops nothing: the unit that it was made of may
// be in another goroutine's hand, which works.
func (w *Waiter) stop(sign int) {
	c := w.Queue.core
	if w.Carried || c.wrong.anyPut {
		c.moving -= sign
	}
	if h := w.Hand; h != nil {
		if sign > 0 {
			w.taken = h.takes
		}
		if w.taken == h.takes { // else its loop went on without waiting for it
			h.waiting += sign
			h.bytes += int64(sign) * w.Bytes
			h.update()
		}
	}
	for h := w.Loop; h != nil && !c.wrong.loopMoves; h = h.Outer {
		h.loops += sign
		h.update()
	}
}

// Hand is what a consumer has taken and answers for. Its units can't move while the goroutine of its loop waits, and
// nor can what is queued for that consumer: that goroutine would have to take it.
type Hand struct {
	Queue *Queue // it was taken from
	Outer *Hand  // of the loop around this one, on the same goroutine; nil if there is none

	left    int   // units in it
	takes   int   // how often it was filled
	waiting int   // units taken out of it since then that wait for slots
	bytes   int64 // and what they will be charged
	loops   int   // waits of the loop's goroutine
	parked  int   // units of it that wait for others, and the loop with them
	still   int   // units that can't move
	held    bool  // and nor can the consumer
}

// Took says that the hand was filled anew, with so many units.
func (h *Hand) Took(left int) {
	h.takes++
	h.waiting, h.bytes = 0, 0
	h.Has(left)
}

// Waiting is how many units, and how many bytes, were taken out of the hand to go on, and wait for slots.
func (h *Hand) Waiting() (units int, bytes int64) { return h.waiting, h.bytes }

// Has says how many units are left in the hand. It comes before those that are gone are released or moved, so that
// in between there seems to be more on the move, and never less.
func (h *Hand) Has(left int) {
	h.left = left
	if h.waiting > 0 || h.held {
		h.update()
		h.Queue.core.settle()
	}
}

func (h *Hand) update() {
	// Where all of a hand was given to others that wait, the loop is taken to wait for them.
	held := h.loops > 0 || h.parked > 0 || h.waiting > 0 && h.left == 0
	still := 0
	if held {
		still = h.left
	}
	h.Queue.core.moving -= still - h.still
	if held != h.held {
		if held {
			h.Queue.held++
		} else {
			h.Queue.held--
		}
	}
	h.still, h.held = still, held
}

// touch has admit look at who waits at q. Elsewhere nothing has changed but how much memory there is.
func (q *Queue) touch() {
	if q.Gate && !q.touched {
		q.touched = true
		q.core.touched = append(q.core.touched, q)
	}
}

// nothing is what is least where nobody waits: more than there ever is.
const nothing = math.MaxInt64

// look finds anew, at the gates that were touched, what the heads of their lines need.
func (c *Core) look() {
	for _, q := range c.touched {
		q.touched = false
		if q.least < nothing {
			c.starved--
		}
		q.least = nothing
		for i, w := range q.line() {
			if i > window {
				break
			}
			q.least = min(q.least, w.Bytes)
		}
		if q.least < nothing {
			c.starved++
			c.least = min(c.least, q.least)
		}
	}
	c.touched = c.touched[:0]
}

// Tick is called now and then while somebody waits at a gate. It reports whether anybody does, and tells of those that
// have waited for one tick or more, and whether it is memory that keeps them out. Where memory has kept somebody out
// for some, and there is a batch that could be handed on, that is done: what moves meanwhile, and was waited for,
// may be a neighbour that never stands still, or a reader that takes its time.
func (c *Core) Tick(long func(w *Waiter, memory bool)) bool {
	push := false
	for _, q := range c.lines() {
		for _, w := range q.waiters {
			if !w.memory() {
				continue
			}
			w.ticks++
			memory := c.Mode == Enforce && (w.NoSlot || !q.Full()) && !c.room(q.Account, w.Bytes)
			push = push || memory && w.ticks > patience
			if w.ticks > 1 {
				long(w, memory)
			}
		}
	}
	if push {
		c.push(nil)
	}
	c.pushStill()
	return c.slotsShort()
}

// pushStill hands on a batch of an account in which somebody waits for a slot, and nothing has moved for some ticks:
// a stage that seems to be at work there may be waiting for just that batch. Other accounts may go on meanwhile.
func (c *Core) pushStill() {
	short := map[*Account]bool{}
	for _, q := range c.queues {
		short[q.Account] = short[q.Account] || len(q.waiters) > 0
	}
	for a := range short {
		if now := a.progress(); !short[a] || now != a.seen {
			a.seen, a.still = now, 0
			continue
		}
		if a.still++; a.still > patience && !c.push(a) {
			if !c.push(nil) { // what it waits for may be another account's
				c.insists = true
				c.settle()
				c.insists = false
			}
		}
	}
}

// patience is for how many ticks memory may keep a waiter out before a batch below its share is handed on though
// others move. A stage that is slow, and whose batch will make the room, must not have small ones cut all the time.
const patience = 2

// Cancel takes back w, which gave up. A grant that came in the meantime is given back, and whoever fits then
// is admitted.
func (c *Core) Cancel(w *Waiter) {
	switch w.State {
	case Waiting:
		c.unline(w)
	case Granted:
		if !w.NoSlot {
			w.Queue.incoming--
		}
		if !w.Carried {
			w.Queue.unreserve(w.Bytes)
		}
	}
	w.State = Idle
	w.Queue.touch()
	w.Queue.grantSlots()
	w.Queue.wakeIfEnded()
	w.Queue.retire()
	c.settle()
}

// unline takes w out of its line.
func (c *Core) unline(w *Waiter) {
	q := w.Queue
	q.waiters = without(q.waiters, w)
	if !w.memory() {
		q.carrying--
		c.carriers--
		w.stop(-1)
		return
	}
	c.waiters--
	c.waiting -= w.Bytes
	q.Account.waiting -= w.Bytes
	if w.NoSlot {
		q.slotless = without(q.slotless, w)
	}
	if w.passed >= window {
		c.claims--
	}
	if q.carried() == len(q.waiters) {
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

// grant admits w: it is charged from now on, and its slot is promised.
func (c *Core) grant(w *Waiter) {
	c.unline(w)
	w.State = Granted
	if !w.Carried {
		w.Queue.enter(1, w.Bytes)
		c.moving++ // it is on its way
	}
	if !w.NoSlot {
		w.Queue.incoming++
	}
	c.Woken = append(c.Woken, &w.Sleeper)
}

// refuse tells w that it will never be admitted.
func (c *Core) refuse(w *Waiter, why Reason) {
	c.unline(w)
	w.State, w.Reason = Refused, why
	if why != Closed {
		w.Nth = c.counts.Refused
		c.Turned.add(w, 1)
	}
	c.Woken = append(c.Woken, &w.Sleeper)
}

// room tells whether n more bytes of a fit under the limit, with the floors of the others kept free, or
// under its own floor. Subtraction on the left keeps it safe from overflow.
func (c *Core) room(a *Account, n int64) bool {
	free := c.limit - c.used - (c.unmet - a.unmet())
	return n <= free || a.covers(n)
}

// covers tells whether n more bytes fit under a's own floor. Nobody else's claim can be on those.
func (a *Account) covers(n int64) bool { return n <= a.Floor-a.used }

// fits is room for those who must ask.
func (c *Core) fits(a *Account, n int64) bool { return c.Mode != Enforce || c.room(a, n) }

// admit grants every waiter at a gate that may go, and notes whether one is left that only memory keeps out. As long
// as there is none, nobody is passed or has a claim, and only those can go whose gate was touched. Where there is one,
// and not the memory that the smallest of all needs, nobody can go at all.
func (c *Core) admit() {
	if c.wrong.oneGrant {
		c.admitOne()
		c.look()
		return
	}
	if !c.hungry {
		for i := 0; i < len(c.touched); i++ { // a grant may add to them
			c.hungry = !c.touched[i].admitAll() || c.hungry
		}
	}
	c.look()
	for c.hungry && !c.nobody() {
		if c.admitOne() {
			c.hungry = true // it did not look at all
			c.look()
			continue
		}
		c.least = nothing
		for _, q := range c.lined {
			c.least = min(c.least, q.least)
		}
		return
	}
	c.hungry = c.hungry && c.starved > 0
}

// nobody tells whether there is not even the memory for the smallest that waits. Floors make it another's for each, and
// a unit of no bytes is covered even by none.
func (c *Core) nobody() bool {
	return c.Mode == Enforce && !c.floored && c.least > 0 && c.limit-c.used < c.least
}

// admitAll grants those who wait at q, in order, and reports false at the first that has no memory.
func (q *Queue) admitAll() bool {
	for {
		line := q.line()
		i := slices.IndexFunc(line, func(w *Waiter) bool { return w.NoSlot || !q.Full() })
		if i < 0 {
			return true
		}
		if !q.core.fits(q.Account, line[i].Bytes) {
			return false
		}
		q.core.grant(line[i])
	}
}

// admitOne looks at the lines of all gates, the account with the lowest use per weight first, and grants the
// first waiter that fits. Those it passes on the way remember it; one that was passed too often becomes the
// claimant, whom nobody passes.
func (c *Core) admitOne() bool {
	c.hungry = false
	claimant := c.claimant()
	var passed [2 * window]*Waiter // blocked waiters seen so far; more than these are not kept from being passed
	seen := passed[:0]
	for _, q := range c.lines() {
		blocked := 0
		for _, w := range q.line() {
			if blocked > window {
				break
			}
			if !w.NoSlot && q.Full() {
				continue
			}
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

// claimant is whom nobody passes: the head of the first line in which somebody was passed too often.
func (c *Core) claimant() *Waiter {
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
func (q *Queue) claimant() (head *Waiter) {
	n := 0
	for _, w := range q.line() {
		if !w.NoSlot && q.Full() {
			continue
		}
		if n++; n > window+1 {
			break
		}
		if head == nil {
			head = w
		}
		if w.passed >= window && w.passedBy >= w.Bytes {
			return head
		}
	}
	return nil
}

// line is who waits for memory in q. While no slot is free those are the reservations alone, which need none: if there
// are none, there is nobody to look at.
func (q *Queue) line() []*Waiter {
	switch {
	case !q.Gate:
		return nil
	case q.Full():
		return q.slotless
	}
	return q.waiters[q.carrying:]
}

// barred tells whether a claim keeps w out: one in its own line, or one elsewhere, unless it is for bytes that
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

// grantSlots lets waiters in that wait for nothing but a slot. In a line they stand before the others.
func (q *Queue) grantSlots() {
	for len(q.waiters) > 0 && !q.waiters[0].memory() && !q.Full() {
		q.core.grant(q.waiters[0])
	}
}

// carried counts the waiters of q that wait for a slot only. In a plain queue those are all.
func (q *Queue) carried() int { return q.carrying }
