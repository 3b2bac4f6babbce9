package core

import "slices"

// Cause says why a batch was handed on.
type Cause uint8

// The causes, in the order in which they are looked for.
const (
	BySize     Cause = iota // it has the size asked for
	ByBytes                 // it has the bytes asked for
	ByEnd                   // the queue was closed
	ByAwaited               // somebody waits for a unit in it
	ByLinger                // it waited long enough
	ByPressure              // memory is short
	Causes     = iota
)

// Taker is one consumer of a queue. With Batch unset it takes single units as they come.
type Taker struct {
	Sleeper
	Batch    bool
	Size     int   // units it collects; at least 1
	Bytes    int64 // or bytes; 0 is no bound
	Expired  bool  // it lingered long enough: any unit will do
	Prefetch int   // single units that it may take at once while nobody waits for them, or for memory; 0 is 1
	Peek     bool  // wake it for anything: it wants to start its linger clock, not to take
	Takes    int   // how often it took

	queue  *Queue
	awake  bool
	pushed bool // woken by push: what there is will do, however little
}

// Attach registers a consumer of q.
func (q *Queue) Attach(t *Taker) {
	t.queue = q
	q.consumers++
	q.coming = max(0, q.coming-1)
	if t.Batch {
		q.batch(1)
		q.largest = max(q.largest, t.Size)
		q.touch()
		q.grantSlots()
		q.core.update()
	}
}

// batch counts n more batching consumers of q, or fewer.
func (q *Queue) batch(n int) {
	q.batchers += n
	q.Account.batchers += n
	if q.Account.units > 0 {
		q.core.takers += n
	}
}

// Detach unregisters it. It must hold nothing.
func (q *Queue) Detach(t *Taker) {
	q.Doze(t)
	q.consumers--
	if t.Batch {
		if q.batch(-1); q.batchers == 0 {
			q.largest = 0
			q.touch()
		}
	}
	q.wakeTakers() // another consumer may have to take over what this one was woken for
	q.retire()
	q.core.update()
}

// Wait marks t as sleeping until its batch is due.
func (q *Queue) Wait(t *Taker) {
	t.pushed = false
	q.takers = append(q.takers, t)
	q.wakeTakers() // t may have been woken in place of another one, for whom there is something
	q.core.update()
}

// Doze takes t off the waiting list, awake or not.
func (q *Queue) Doze(t *Taker) {
	if t.awake {
		t.awake = false
		q.core.awake--
	}
	if i := slices.Index(q.takers, t); i >= 0 {
		q.takers = slices.Delete(q.takers, i, i+1)
	}
}

// Portion is what a consumer may take at once.
type Portion struct {
	Units  int   // at most
	Bytes  int64 // at most, but for the first unit
	Enough int64 // bytes with which it is complete
	Why    Cause
}

// Takes reports whether a portion that has n units, bytes of them, takes in another of next bytes.
func (p *Portion) Takes(n int, bytes, next int64) bool {
	return n == 0 || n < p.Units && bytes < p.Enough && next <= p.Bytes-bytes
}

// Take tells t what it may take now; ok is false when it must wait. The caller then takes as many units out of
// the ring, in order, as the portion Takes, and says so with Took.
//
// Under pressure a batch is complete with the unit that makes it its share, not with the one before: where few
// units fit into the budget, they would be up to half a unit less than their share on average. Only one that needs
// the whole quarter that is left for the next batch has to wait for that.
func (q *Queue) Take(t *Taker) (p Portion, ok bool) {
	q.Doze(t)
	q.core.asking = q
	p = Portion{Units: t.Size, Bytes: MaxCharge, Enough: MaxCharge}
	p.Why, ok = q.due(t)
	q.core.asking = nil
	if !ok {
		return Portion{}, false
	}
	if t.Bytes > 0 {
		p.Bytes = t.Bytes
	}
	if q.core.pressed() && t.Batch {
		p.Enough = q.core.share()
		p.Bytes = min(p.Bytes, p.Enough+p.Enough/4)
	}
	if t.Prefetch > 1 && !q.core.Alert() {
		p.Units = min(t.Prefetch, q.spare())
	}
	return p, true
}

// spare is how many units one consumer may take at once, for it alone to use: beside others half its share of
// what is there, and no more than the one it needs while another sleeps. Before one goes to sleep it must have
// the others give back, with Untake, what they took ahead.
func (q *Queue) spare() int {
	switch {
	case q.consumers == 1:
		return q.ready
	case len(q.takers) > 0:
		return 1
	}
	return max(1, q.ready/(2*q.consumers))
}

// Untake gives back n units, bytes in total, that a consumer took ahead and will not use.
func (q *Queue) Untake(n int, bytes int64) {
	q.leave(n, bytes)
	q.ready += n
	q.bytes += bytes
	q.touch()
	if q.awaited > 0 {
		q.awaited += n
	}
}

// Took says that n units with bytes in total went from q into t's hand.
func (q *Queue) Took(t *Taker, n int, bytes int64, why Cause) {
	q.ready -= n
	q.bytes -= bytes
	q.hand += n
	q.handBytes += bytes
	q.core.moving += n
	q.core.inGrace = false
	t.Expired, t.pushed = false, false
	t.Takes++
	q.awaited = max(0, q.awaited-n)
	q.edge = max(0, q.edge-n)
	if t.Batch {
		q.counts.Batches[why]++
		q.counts.Batched += int64(n)
	}
	if q.waits() {
		q.touch()
		q.grantSlots()
		q.core.update()
	}
	if len(q.takers) > 0 {
		q.wakeTakers()
		q.wakeIfEnded()
	}
}

// due reports whether t could take now, and why.
func (q *Queue) due(t *Taker) (Cause, bool) {
	switch {
	case q.ready == 0:
		return 0, false
	case q.ready >= t.Size:
		return BySize, true
	case t.Bytes > 0 && q.bytes >= t.Bytes:
		return ByBytes, true
	case q.closed:
		return ByEnd, true
	case q.awaited > 0:
		return ByAwaited, true
	case t.Expired || t.Peek:
		return ByLinger, true
	case q.pressed() && q.bytes >= q.core.share():
		return ByPressure, true
	case (q.pressed() || q.core.slotsShort()) && (t.pushed || q.core.lastResort() == q):
		return ByPressure, true
	}
	return 0, false
}

// share is how large a batch, in bytes, is handed on under pressure: each of the k batching consumers may
// hold one, and a quarter of a share is left to collect the next in, so that the source need not stand
// still until one of them is done. Smaller shares would cost more round trips to the store, larger ones
// would make source and sinks take turns. In debt it is a share of what is in use: those units are in memory
// already, and a budget cut to nothing must not have them saved one by one.
func (c *Core) share() int64 {
	takers := c.takers
	if c.wrong.idleShares {
		takers = c.wrong.parts(c)
	}
	parts := 4*int64(max(1, takers)) + 1
	all := max(c.limit, c.used) - c.named        // what is charged by name is in no batch
	return max(1, all/parts*4+all%parts*4/parts) // no product of all, which may be as large as an int64
}

// lastResort is the queue whose consumer must hand on what it has, however little, because nothing else can move.
func (c *Core) lastResort() *Queue {
	if c.moving+c.awake > 0 || c.coming() {
		return nil
	}
	return c.deepest()
}

// deepest is the deepest queue that has units, and a consumer for them that sleeps, or just asks: what it hands on is
// the closest to being released.
func (c *Core) deepest() *Queue {
	for _, q := range slices.Backward(c.queues) {
		if q.ready > 0 && (len(q.takers) > 0 || q == c.asking || c.wrong.anyDeepest) {
			return q
		}
	}
	return nil
}

// coming reports whether a consumer that has nothing in hand is about to come for more: it has just forwarded its
// last unit, and there are others for it. Then something will move that is not on the move yet, and a stage that
// forwards unit by unit must not have the batch behind it cut short with each of them.
func (c *Core) coming() bool {
	for _, q := range c.queues {
		n := q.consumers - q.held - len(q.takers)
		if q == c.asking {
			n-- // the one that asks has come
		}
		if n > 0 && q.ready > 0 {
			return true
		}
	}
	return false
}

// Grace reports whether a last resort is put off because a consumer is coming, and numbers the time for which that
// goes on. The consumer may never come: its loop body may wait for the very batch that is put off. So after a
// while, if the same one still runs, the caller must EndGrace.
func (c *Core) Grace() (number int, runs bool) { return c.graces, c.inGrace }

// EndGrace ends it, if it still runs: no consumer is waited for any longer.
func (c *Core) EndGrace(number int) {
	if c.inGrace && c.graces == number {
		c.inGrace = false
		c.push(nil)
	}
}

// push has the deepest batch handed on that there is, of an account or, with nil, of all, however little, and whatever
// else moves. It reports whether there was one.
func (c *Core) push(a *Account) bool {
	if c.wrong.noPush || !c.pressed() && !c.slotsShort() {
		return false
	}
	for _, q := range slices.Backward(c.queues) {
		if q.ready == 0 || a != nil && q.Account != a {
			continue
		}
		if len(q.takers) > 0 {
			t := q.takers[0]
			t.pushed = true
			c.wakeTaker(t)
			return true
		}
		if c.wrong.anyDeepest {
			break
		}
	}
	return false
}

// flush wakes the consumers whose batch is due because memory is short, or, where only slots are, because nothing
// else moves. While pressure lasts and others move, a batch comes due only where a unit comes, or a consumer, or where
// the share shrinks.
func (c *Core) flush() {
	if !c.pressed() {
		c.inGrace, c.flushed = false, 0
		if c.slotsShort() {
			if q := c.lastResort(); q != nil {
				q.wakeTakers()
			}
		}
		return
	}
	if share := c.share(); c.moving+c.awake == 0 || c.flushed == 0 || share < c.flushed || c.wrong != (wrong{}) {
		c.flushed = share
		for _, q := range slices.Backward(c.queues) {
			q.wakeTakers()
		}
	}
	was := c.inGrace
	c.inGrace = c.moving+c.awake == 0 && c.coming() && c.deepest() != nil
	if c.inGrace && !was {
		c.graces++
	}
}

// wakeTakers wakes waiting consumers as long as there is something for them.
func (q *Queue) wakeTakers() {
	for i := 0; i < len(q.takers); {
		if _, ok := q.due(q.takers[i]); !ok {
			i++
			continue
		}
		q.core.wakeTaker(q.takers[i])
		return // the units are as good as taken; who is left is woken by Took
	}
}

// wakeIfEnded wakes all consumers when the last unit that was on its way to them is taken, or gave up.
func (q *Queue) wakeIfEnded() {
	for q.Ended() && len(q.takers) > 0 {
		q.core.wakeTaker(q.takers[0])
	}
}

// wakeTaker wakes one consumer.
func (c *Core) wakeTaker(t *Taker) {
	q := t.queue
	i := slices.Index(q.takers, t)
	q.takers = slices.Delete(q.takers, i, i+1)
	t.awake = true
	c.awake++
	c.Woken = append(c.Woken, &t.Sleeper)
}
