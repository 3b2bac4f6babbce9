package core

import "slices"

// Queue is the accounting side of one gate or queue: how many units it holds and what they weigh. The values
// themselves are in the ring around it, in the same order.
type Queue struct {
	Name     string
	Account  *Account // never nil
	Gate     bool     // putters wait for memory too
	Capacity int      // slots, at least 1

	core      *Core
	ready     int   // units that a consumer could take
	bytes     int64 // and what they weigh
	incoming  int   // slots promised to granted waiters that have not arrived
	hand      int   // units taken and neither released nor moved on
	handBytes int64
	parked    int // of those in hand, the ones that wait for another unit
	largest   int // the largest batch that an attached consumer collects, or did while others stay; raises the capacity
	batchers  int // consumers attached that collect batches
	closed    bool
	awaited   int // of the ready ones, up to the last that somebody waits for

	edge int // for the model check: see wrong.edgeFlush

	carriers  waitlist // who waits for a slot alone; in a plain queue all
	waiters   waitlist // who waits for memory
	reserving waitlist // of the waiters, the reservations: they need memory alone
	least     int64    // what the smallest of those at the head of the line needs, in bytes; or nothing
	number    int      // in order of creation
	touched   bool     // it is among those of the core
	takers    []*Taker // waiting, in order of arrival
	consumers int      // attached
	held      int      // of those, the ones whose worker is held by a parked unit
	coming    int      // loops that will attach, and have not yet
	away      int      // goroutines that would take, once they have what they wait for, and run no loop yet
	counts    QueueCounts
	grown     int64 // how often a reservation has grown
}

// QueueCounts are a queue's running totals.
type QueueCounts struct {
	Units   int64         // that came
	Bytes   int64         // what they were charged then
	Batches [Causes]int64 // by cause of release
	Batched int64         // units in those batches
}

// AddQueue registers q. Queues of one pipeline are registered in the order a unit passes them.
func (c *Core) AddQueue(q *Queue) {
	q.core, q.least, q.number = c, nothing, 1
	q.reserving.lane = slotless
	if n := len(c.queues); n > 0 {
		q.number += c.queues[n-1].number
	}
	c.queues = append(c.queues, q)
}

// Slots is how many units q takes before putters wait for a slot. A consumer that collects larger batches
// than the capacity raises it: the queue is where its batch is collected, and it would never fill otherwise.
func (q *Queue) Slots() int { return max(q.Capacity, q.largest) }

// Full reports whether a putter would have to wait for a slot.
func (q *Queue) Full() bool { return q.ready+q.incoming >= q.Slots() }

// Open reports whether q has a slot for who does not wait.
func (q *Queue) Open() bool { return !q.waits() && !q.Full() && !q.closed }

// Closed reports whether Close was called.
func (q *Queue) Closed() bool { return q.closed }

// Over reports whether q is closed, nothing is in it or on its way, no consumer takes from it, and none has a unit of
// it. A queue that is over stays so.
func (q *Queue) Over() bool { return q.closed && q.ready+q.incoming+q.hand+q.consumers == 0 }

// Abandoned reports whether q is of an account that was removed, and nobody takes from it any more: what came to it now
// would be charged for ever.
func (q *Queue) Abandoned() bool {
	return q.closed && q.consumers == 0 && q.Account.removed && !q.core.wrong.forgetful
}

// retire forgets q if it is over: a long life has many pipelines, and each decision looks at all queues.
func (q *Queue) retire() {
	if !q.Over() {
		return
	}
	if i := slices.Index(q.core.queues, q); i >= 0 {
		q.core.queues = slices.Delete(q.core.queues, i, i+1)
		if q.Gate {
			q.core.entered += q.counts.Units
		}
	}
}

// Ended reports whether consumers will get nothing more: q is closed, empty, and nothing is on its way in.
func (q *Queue) Ended() bool { return q.closed && q.ready+q.incoming == 0 }

// Ready is how many units a consumer could take now, and their bytes.
func (q *Queue) Ready() (units int, bytes int64) { return q.ready, q.bytes }

// Put adds a unit of n bytes if that needs no waiting, and reports whether it did. The caller must put the
// value into the ring before it lets go of the lock.
func (q *Queue) Put(n int64) bool {
	c := q.core
	if q.waits() || q.Full() || q.closed {
		return false
	}
	a := q.Account
	if q.Gate && (c.hungry || !c.fits(a, n)) {
		return false
	}
	if len(q.takers) > 0 || c.hungry || a.units == 0 || n > c.limit-c.used || c.Mode == Shadow {
		q.enter(1, n)
		q.arrive(1, n)
		return true
	}
	// What enter and arrive do for a unit that is news to nobody. Nearly all are put here.
	a.charge(n)
	a.units++
	c.units++
	q.ready++
	q.bytes += n
	q.counts.Units++
	q.counts.Bytes += n
	return true
}

// Room is how many slots are free for who does not wait.
func (q *Queue) Room() int {
	if q.waits() || q.closed {
		return 0
	}
	return max(0, q.Slots()-q.ready-q.incoming)
}

// PutAll is Put for several units with n bytes in total, as many as Room says at most, if none of them needs to wait
// for memory, or would in Shadow mode.
func (q *Queue) PutAll(units int, n int64) bool {
	c := q.core
	if q.Gate && c.Mode != Off && (c.hungry || !c.room(q.Account, n)) {
		return false
	}
	q.enter(units, n)
	q.arrive(units, n)
	return true
}

// enter charges units of n bytes in total that come to q.
func (q *Queue) enter(units int, n int64) {
	if q.Gate && q.core.Mode == Shadow && !q.core.room(q.Account, n) {
		q.core.counts.WouldWait++
	}
	q.Account.charge(n)
	q.Account.live(units)
}

// arrive makes charged units of n bytes in total takeable, and wakes a consumer if that makes its batch due.
func (q *Queue) arrive(units int, n int64) {
	q.ready += units
	q.bytes += n
	q.counts.Units += int64(units)
	q.counts.Bytes += n
	if len(q.takers) > 0 {
		q.wakeTakers()
	}
	if c := q.core; c.slotsShort() || c.used > c.limit {
		c.update() // this may have been the last unit on the move, or have made debt
	}
}

// Arrive makes the unit of a granted waiter takeable. The caller has just put the value into the ring.
func (q *Queue) Arrive(w *Waiter) {
	w.State = Idle
	q.Late(w.Bytes)
}

// Credit is how many units, up to most, and how many bytes together, may come to q before the next event and be
// news to nobody: each has a slot and fits beside all floors, none makes a consumer's batch due, and nobody waits.
func (q *Queue) Credit(most int) (units int, bytes int64) {
	c, a := q.core, q.Account
	if q.closed || q.awaited > 0 || q.waits() || c.pressed() {
		return 0, 0
	}
	units, bytes = min(most, q.Slots()-q.ready-q.incoming), c.limit-c.used-(c.unmet-a.unmet())
	for _, t := range q.takers {
		if !t.Batch || t.Peek || t.Expired {
			return 0, 0
		}
		units = min(units, t.Size-1-q.ready)
		if t.Bytes > 0 {
			bytes = min(bytes, t.Bytes-1-q.bytes)
		}
	}
	if units <= 0 || bytes < 0 {
		return 0, 0
	}
	return units, bytes
}

// Came enters what came to q on credit: units of n bytes together that can be taken, and late ones of m bytes,
// whose values are not in the ring yet. For each of those follows Late.
func (q *Queue) Came(units int, n int64, late int, m int64) {
	q.enter(units+late, n+m)
	q.incoming += late
	q.core.moving += late
	q.touch()
	q.arrive(units, n)
}

// Late makes a unit of n bytes takeable whose slot was promised. The caller has just put the value into the ring.
func (q *Queue) Late(n int64) {
	q.core.moving--
	q.incoming--
	q.arrive(1, n)
}

// Release ends units in hand, n of them with bytes in total: they are charged no longer.
func (q *Queue) Release(n int, bytes int64) {
	q.leave(n, bytes)
	q.Account.charge(-bytes)
	q.Account.live(-n)
	q.retire()
	q.core.update()
}

// leave takes units out of the hand of q's consumer.
func (q *Queue) leave(n int, bytes int64) {
	q.hand -= n
	q.handBytes -= bytes
	q.core.moving -= n
}

// Move forwards a unit in q's hand to another queue, charged now bytes instead of was, if to has a slot.
// Growth becomes debt; a move never waits for memory. Both charges change in one event, so that the budget
// never looks emptier, or fuller, than it is.
func (q *Queue) Move(to *Queue, was, now int64) bool {
	if !to.Open() {
		return false
	}
	q.move(to, was, now)
	return true
}

// Moved is Move for a unit that waited for its slot, as the Carried waiter w, and was granted it.
func (q *Queue) Moved(w *Waiter, was, now int64) {
	w.State = Idle
	w.Queue.incoming--
	q.move(w.Queue, was, now)
}

func (q *Queue) move(to *Queue, was, now int64) {
	q.leave(1, was)
	q.Account.charge(-was)
	q.Account.live(-1)
	to.Account.charge(now)
	to.Account.live(1)
	if to.Gate {
		q.core.entered-- // it is no other unit there
	}
	q.retire()
	to.arrive(1, now)
}

// Resize changes the charge of a unit in hand from was to now bytes, without waiting.
func (q *Queue) Resize(was, now int64) {
	q.handBytes += now - was
	q.Account.charge(now - was)
	q.core.update()
}

// Split adds a unit of n bytes to q's hand: a part of one that is there.
func (q *Queue) Split(n int64) {
	q.hand++
	q.handBytes += n
	q.core.moving++
	q.enter(1, n)
	q.core.update()
}

// movable reports whether units are queued that a consumer may take. A queue without any consumer counts as able to move,
// for one may still attach, unless who would do so is away.
func (q *Queue) movable() bool {
	if q.consumers+q.coming == 0 {
		return q.ready > 0 && q.away == 0
	}
	return q.ready > 0 && q.held < q.consumers+q.coming
}

// Coming says that n loops will attach.
func (q *Queue) Coming(n int) { q.coming += n }

// Await says that somebody waits for a unit in q: the batch it is in is due now.
func (q *Queue) Await() {
	if q.ready > 0 {
		q.awaited = q.ready
		q.wakeTakers()
	}
}

// Close ends q for putters. Waiting ones are refused; consumers take what is there and then end.
func (q *Queue) Close() {
	if q.closed {
		return
	}
	q.closed = true
	q.closeGrowth()
	for _, l := range []*waitlist{&q.carriers, &q.waiters} {
		for !l.empty() {
			q.core.refuse(l.first, Closed)
		}
	}
	for len(q.takers) > 0 {
		q.core.wakeTaker(q.takers[0])
	}
	q.retire()
	q.core.update()
}

// Discard drops units that are queued and will never be taken: n of them with bytes in total.
func (q *Queue) Discard(n int, bytes int64) {
	q.ready -= n
	q.bytes -= bytes
	q.hand += n
	q.handBytes += bytes
	q.core.moving += n
	q.awaited = 0
	q.touch()
	q.grantSlots()
	q.wakeIfEnded()
	q.Release(n, bytes)
}

// QueueSnapshot is a queue's state in figures, bytes unless said otherwise.
type QueueSnapshot struct {
	Queued, InHand, Parked  int
	QueuedBytes, InHandSize int64
	Waiters                 int
	WaiterBytes             int64
	Counts                  QueueCounts
}

// Snapshot returns q's state.
func (q *Queue) Snapshot() QueueSnapshot {
	s := QueueSnapshot{
		Queued: q.ready + q.incoming, InHand: q.hand, Parked: q.parked,
		QueuedBytes: q.bytes, InHandSize: q.handBytes, Counts: q.counts,
	}
	for w := range q.Line() {
		s.Waiters++
		s.WaiterBytes += w.Bytes
	}
	return s
}
