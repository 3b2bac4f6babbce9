package memacct

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// consumer is one loop over a queue, with the units it has in hand.
type consumer[T any] struct {
	l      *line[T]
	alert  *atomic.Bool // of the budget
	t      core.Taker
	linger time.Duration
	vals   []T
	costs  []cost  // of vals, one each; charged gone if somebody else answers for the unit now
	sizes  []int64 // scratch: what they weigh now
	hand   core.Hand
	lease  *Lease[T]  // that the loop body got, if it gets leases
	spare  []Lease[T] // for the next
	spares int        // how many were made last
	first  int        // the first of vals that is not gone
	left   int        // of those, how many this consumer still answers for
	bytes  int64      // and what they are charged
	goid   uint64     // the goroutine that runs the loop
	stage  string     // and its stage, if it has a name
	aged   aged

	// A loop over single units takes some ahead, and goes from one to the next with one atomic addition instead
	// of the lock. Two others look in on it, both with the lock held. Whoever finds memory short first raises
	// Budget.alert and then collects the units that are done with; the loop counts first and then looks at the
	// alert, so that one of the two always sees the other. And another loop on the queue that has nothing to do,
	// or sees this one get nowhere, recalls the units that are not begun, by swapping the count for one that is
	// past them all.
	at     int          // the unit whose loop body runs
	begun  atomic.Int32 // units of the hand whose bodies have begun; shut or more once the rest was recalled
	seen   int32        // of those, what another loop saw when it last looked
	extent int          // units of the hand, without those recalled
}

func (l *line[T]) attach(ctx context.Context, t core.Taker, linger time.Duration) *consumer[T] {
	c := &consumer[T]{l: l, alert: &l.b.alert, t: t, linger: linger}
	c.t.Wake = make(chan struct{}, 1)
	c.goid, c.stage = stacks.GoroutineID(), stageOf(ctx)
	l.b.enter()
	l.b.watchLocked()
	if t.Prefetch > 1 {
		l.prefetching = append(l.prefetching, c)
	}
	if linger > 0 {
		if l.lingers++; l.lingers == 1 {
			l.first = time.Now() // what is there already
		}
	}
	c.hand.Queue = &l.q
	l.info.taken = true
	l.b.beginLoopLocked(c)
	l.q.Attach(&c.t)
	l.b.leave()
	return c
}

// unit is what is in hand at place i.
func (c *consumer[T]) unit(i int) slot[T] { return slot[T]{c.vals[i], c.costs[i]} }

// takes tells which goroutine runs the loop, which queue it takes from, and how many units it has in hand.
func (c *consumer[T]) takes() (goid uint64, from *core.Queue, inHand int) {
	return c.goid, &c.l.q, c.left
}

func (c *consumer[T]) handOf() (goid uint64, hand *core.Hand) { return c.goid, &c.hand }

// shut is a count of begun units that no hand reaches.
const shut = 1 << 30

// advance is next for a loop over single units: it goes on to the next one taken ahead, if there is one.
func (c *consumer[T]) advance(ctx context.Context) bool {
	i := int(c.begun.Add(1)) - 1
	if i >= len(c.vals) || ctx.Err() != nil {
		return c.next(ctx)
	}
	var zero T
	c.vals[c.at] = zero
	c.at = i
	if c.alert.Load() {
		c.l.b.enter()
		c.collectLocked()
		c.l.b.leave()
	}
	return true
}

// collectLocked releases the units that the loop is done with.
func (c *consumer[T]) collectLocked() {
	// The last that has begun may still run, also where more were counted because the loop found no more.
	done := min(int(c.begun.Load()), c.extent) - 1
	if c.first >= done {
		return // as in every loop that takes nothing ahead
	}
	n, bytes := 0, int64(0)
	var parts []int64
	for ; c.first < done; c.first++ {
		n, bytes = n+1, bytes+c.costs[c.first].charge
		parts = c.l.b.partLocked(parts, c.costs[c.first])
	}
	c.giveLocked(n, bytes)
	c.drop(n, bytes, parts)
}

// giveLocked takes n units, charged bytes together, out of what the loop answers for: somebody else ends them, or does so
// next.
func (c *consumer[T]) giveLocked(n int, bytes int64) {
	c.left -= n
	c.bytes -= bytes
	c.hand.Has(c.left)
}

// recallLocked puts back what the loops on the queue took ahead and have not begun, for another one to take. It
// reports whether that was anything.
func (l *line[T]) recallLocked() (some bool) {
	for _, c := range l.prefetching {
		some = c.recall() || some
	}
	return some
}

func (c *consumer[T]) recall() bool {
	return int(c.begun.Load()) < c.extent && c.putBack(int(c.begun.Swap(shut))) > 0
}

// relieveLocked recalls what lies before a loop that has begun nothing since the last time somebody looked: what it
// took ahead must not wait for a slow body while other loops are done with theirs.
func (l *line[T]) relieveLocked(by *consumer[T]) {
	for _, c := range l.prefetching {
		switch n := c.begun.Load(); {
		case c == by:
		case n == c.seen:
			c.recall()
		default:
			c.seen = n
		}
	}
}

// putBack returns the units from place i on to the front of the queue, and says how many those are.
func (c *consumer[T]) putBack(i int) (n int) {
	bytes := int64(0)
	for ; c.extent > i; c.extent-- {
		u := c.unit(c.extent - 1)
		c.l.ring.unpop(u)
		n, bytes = n+1, bytes+u.charge
	}
	if n > 0 {
		c.giveLocked(n, bytes)
		c.l.q.Untake(n, bytes)
	}
	return n
}

// end releases what is in hand and unregisters the consumer. It is deferred, and so runs after a break, a
// panic and a Goexit as well.
func (c *consumer[T]) end() {
	c.l.b.enter()
	c.endLeaseLocked()
	if c.t.Prefetch > 1 {
		c.putBack(c.at + 1)
		i := slices.Index(c.l.prefetching, c)
		c.l.prefetching = slices.Delete(c.l.prefetching, i, i+1)
	}
	n, bytes, parts := c.left, c.bytes, c.partsLocked()
	c.empty()
	c.hand.Took(0)
	c.drop(n, bytes, parts)
	c.l.q.Detach(&c.t)
	c.l.a.dropUntakenLocked()
	c.l.b.endLoopLocked(c)
	if c.linger > 0 {
		c.l.lingers--
	}
	c.l.b.leave()
}

// next ends the units in hand and takes the next ones, waiting for them. It reports false when there will be
// no more, or ctx is done.
func (c *consumer[T]) next(ctx context.Context) bool {
	l := c.l
	if ctx.Err() != nil { // the caller's own code may be behind it, and must not run under the lock
		return false // end puts back what was taken ahead
	}
	l.b.enter()
	defer l.b.leave()
	c.endLeaseLocked()
	// What is there is taken before what is in hand is released: in between, the pipeline would look idle.
	n, bytes, parts := c.left, c.bytes, c.partsLocked()
	if c.take() {
		c.drop(n, bytes, parts)
		return true
	}
	c.empty()
	c.hand.Took(0)
	c.drop(n, bytes, parts)
	for !c.take() {
		if l.recallLocked() {
			continue
		}
		if l.q.Ended() || c.sleep(ctx) != nil {
			return false
		}
	}
	return true
}

// empty forgets the units in hand, so that neither collect nor anything else finds them again.
func (c *consumer[T]) empty() {
	clear(c.vals)
	c.vals, c.costs = c.vals[:0], c.costs[:0]
	c.at, c.extent, c.first, c.left, c.bytes = 0, 0, 0, 0, 0
	c.begun.Store(0)
}

// drop ends n units of the hand, charged bytes together; parts are those of them that are in several queues.
func (c *consumer[T]) drop(n int, bytes int64, parts []int64) {
	for _, p := range parts {
		c.l.b.endPartLocked(p)
	}
	if n > 0 {
		c.l.q.Release(n, bytes)
	}
}

// take moves what is due from the ring into the hand, in place of what was there.
func (c *consumer[T]) take() bool {
	if c.linger > 0 && c.l.ring.n > 0 && time.Since(c.l.first) >= c.linger {
		c.t.Expired = true
	}
	p, ok := c.l.q.Take(&c.t)
	if !ok {
		return false
	}
	c.empty()
	c.l.relieveLocked(c)
	c.vals, c.costs, c.bytes = c.l.ring.take(c.vals, c.costs, p)
	c.left = len(c.vals)
	c.hand.Took(c.left)
	c.begun.Store(1)
	if c.t.Prefetch > 1 {
		c.extent = c.left
		c.seen = 0
	}
	if c.l.lingers > 0 {
		c.l.first = time.Now() // for what is left: it may have come at any time since the last batch
	}
	c.l.q.Took(&c.t, c.left, c.bytes, p.Why)
	return true
}

// sleep waits until the next batch is due, or might be, and returns ctx's error. The lock is held on entry and on
// return, but not while ctx is asked.
func (c *consumer[T]) sleep(ctx context.Context) error {
	q := &c.l.q
	var timer <-chan time.Time
	if c.linger > 0 {
		if n, _ := q.Ready(); n == 0 {
			c.t.Peek = true // the clock starts with the first unit
		} else {
			t := time.NewTimer(c.linger - time.Since(c.l.first))
			defer t.Stop()
			timer = t.C
		}
	}
	c.t.Expired = false
	q.Wait(&c.t)
	c.l.b.leave()
	select {
	case <-c.t.Wake:
	case <-timer: // take sees that the time is over
	case <-ctx.Done():
	}
	err := ctx.Err()
	c.l.b.enter()
	c.t.Peek = false
	return err
}
