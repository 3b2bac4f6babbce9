package memacct

import (
	"context"
	"iter"
	"runtime"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/caller"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// Lease is the right to a unit in hand. It ends with the loop body that got it, unless it was forwarded,
// released or detached before. A lease belongs to one goroutine at a time.
type Lease[T any] struct {
	c *consumer[T]
	slot[T]
	state    leaseState
	park     *core.Park // nil if it is not parked
	detached *detached  // once it is
	ended    uintptr    // where it ended, for the report of a second end
}

// detached is what a detached lease still holds, for the case that it is lost: what the cleanup gives back.
type detached struct {
	bytes int64
	part  int64 // its base, if the unit is in several queues
	park  *core.Park
	info  *queueInfo
	stage string
	where uintptr // of the Detach
	since time.Time
	lost  runtime.Cleanup
}

type leaseState uint8

const (
	leaseHeld     leaseState = iota // ends with the loop body
	leaseDetached                   // ends when its owner says so
	leaseEnded
)

// Leases yields a lease for each unit as it comes, until the queue is closed and drained or ctx is done. It
// costs one allocation more than All for sixteen units that are not detached, and for each one that is.
func (l *line[T]) Leases(ctx context.Context) iter.Seq[*Lease[T]] {
	return func(yield func(*Lease[T]) bool) {
		c := l.attach(ctx, core.Taker{Size: 1}, 0)
		defer c.end()
		for c.next(ctx) {
			c.lease = c.newLease()
			if !yield(c.lease) {
				return
			}
		}
	}
}

// newLease returns a lease of the unit in hand. Several are made of one allocation, as long as none is detached: that
// one could not be found lost while the others are in use, and would keep their memory.
func (c *consumer[T]) newLease() *Lease[T] {
	if len(c.spare) == 0 {
		c.spares = min(max(1, 2*c.spares), bundleSize)
		c.spare = make([]Lease[T], c.spares)
	}
	l := &c.spare[0]
	c.spare = c.spare[1:]
	l.c, l.slot = c, c.unit(0)
	return l
}

// endLeaseLocked ends the lease that the loop body got, if it is still the loop's: a detached one is somebody else's by
// now, who may be ending it this moment. The consumer still has its charge, and drops it next.
func (c *consumer[T]) endLeaseLocked() {
	if l := c.lease; l != nil && l.state == leaseHeld {
		l.unpark()
		l.finishLocked(0)
	}
	c.lease = nil
}

// Value returns the unit, and nothing (the zero value) once the lease has ended.
func (l *Lease[T]) Value() T { return l.v }

// Bytes returns what the unit is charged, in bytes.
func (l *Lease[T]) Bytes() int64 { return l.charge }

// Release ends the lease: the unit is charged no longer. Ending a lease twice is reported through the
// budget's logger and in [Stats].Misuse, and changes nothing.
//
//go:noinline
func (l *Lease[T]) Release() {
	b := l.c.l.b
	b.enter()
	if l.state == leaseEnded {
		b.leave()
		l.misused("Release")
		return
	}
	l.endLocked(caller.PC())
	b.leave()
}

// endLocked ends a lease that has not ended, and the charge of its unit.
func (l *Lease[T]) endLocked(where uintptr) {
	l.takeLocked()
	l.c.l.b.endPartLocked(l.base)
	l.c.l.q.Release(1, l.charge)
	l.finishLocked(where)
}

// Resize charges what the unit weighs now. It never waits: growth becomes debt, and keeps the gates shut.
func (l *Lease[T]) Resize() error {
	n, err := l.c.l.weigh(l.v)
	b := l.c.l.b
	b.enter()
	if l.state == leaseEnded { // and l.v was nothing
		b.leave()
		l.misused("Resize")
		return l.c.l.at(ErrReleased)
	}
	defer b.leave()
	if err != nil {
		return err
	}
	if l.shared() {
		b.resizeShareLocked(l.base, n)
		return nil
	}
	n = l.c.l.a.grownLocked(l.c.l.info, l.cost, n).charge
	if l.state == leaseHeld {
		l.c.bytes += n - l.charge
		l.c.costs[0].charge = n // the loop holds this one alone
	}
	l.c.l.q.Resize(l.charge, n)
	l.charge = n
	if l.detached != nil {
		l.detached.bytes = n
	}
	return nil
}

// Split charges v, a part or a child of the unit that now lives on its own, and returns its lease. It is
// detached: whoever has it must release or forward it. Splitting never waits.
//
//go:noinline
func (l *Lease[T]) Split(v T) (*Lease[T], error) {
	n, err := l.c.l.weigh(v)
	if err != nil {
		return nil, err
	}
	b := l.c.l.b
	b.enter()
	if l.state == leaseEnded {
		b.leave()
		l.misused("Split")
		return nil, l.c.l.at(ErrReleased)
	}
	l.c.l.q.Split(n)
	b.leave()
	part := &Lease[T]{c: l.c, slot: slot[T]{v, cost{n, n}}, state: leaseDetached}
	part.guard(caller.PC())
	return part, nil
}

// Detach lets the unit outlive the loop body. Whoever has the lease must release or forward it; one that is
// lost is found when it is garbage collected, reported with the place of its Detach, and released.
//
//go:noinline
func (l *Lease[T]) Detach() { l.detach(caller.PC()) }

// detach is Detach, called from where.
func (l *Lease[T]) detach(where uintptr) {
	b := l.c.l.b
	b.enter()
	if l.state != leaseHeld {
		b.leave()
		return
	}
	park := l.park
	l.c.spare, l.c.spares = nil, 0
	l.takeLocked() // the worker is free from now on
	l.state = leaseDetached
	b.leave()
	l.guard(where)
	if park != nil {
		l.Park(park.Done)
	}
}

// Park says that the unit's stage waits for another unit of the same budget: until [Lease.Unpark] it can't move by
// itself. The budget must know, or it would wait for ever for a unit that waits for one not admitted yet.
//
// done is closed when the wait is over, and before what it waited for is released. Between that moment and
// Unpark, while this goroutine has not run yet, only done tells that the units in flight do not wait for each
// other. A nil done says that this can't be told; a verdict may then come too early.
func (l *Lease[T]) Park(done <-chan struct{}) {
	b := l.c.l.b
	b.enter()
	l.parkOn(done)
	b.leave()
}

// parkOn is Park with the lock held.
func (l *Lease[T]) parkOn(done <-chan struct{}) {
	if l.park != nil || l.state == leaseEnded {
		return
	}
	l.park = &core.Park{Done: done}
	if l.state == leaseHeld {
		l.park.Hand = &l.c.hand
	}
	if l.detached != nil {
		l.detached.park = l.park
	}
	l.c.l.q.Park(l.park)
}

// Unpark ends a Park.
func (l *Lease[T]) Unpark() {
	b := l.c.l.b
	b.enter()
	l.unpark()
	b.leave()
}

// unpark is Unpark with the lock held.
func (l *Lease[T]) unpark() {
	if l.park == nil {
		return
	}
	l.c.l.q.Unpark(l.park)
	l.park = nil
	if l.detached != nil {
		l.detached.park = nil
	}
}

// takeLocked takes the unit out of what the loop answers for.
func (l *Lease[T]) takeLocked() {
	l.unpark()
	delete(l.c.l.b.holders.detached, l.detached)
	if l.state == leaseHeld {
		l.c.giveLocked(1, l.charge)
	}
}

// finishLocked marks the end of the lease and where it was.
func (l *Lease[T]) finishLocked(where uintptr) {
	if l.detached != nil {
		l.detached.lost.Stop()
	}
	l.state = leaseEnded
	l.ended = where
	var zero T
	l.v = zero
}

// misused reports the second end of a lease.
func (l *Lease[T]) misused(how string) {
	l.c.l.b.reportMisuse(how, &l.c.l.q, stacks.Caller(2), l.ended)
}

// misusedBelow is misused for what the method that was misused calls.
func (l *Lease[T]) misusedBelow(how string) {
	l.c.l.b.reportMisuse(how, &l.c.l.q, stacks.Caller(3), l.ended)
}

// guard watches over a detached lease: when it is collected before it ended, its charge would be lost. where
// is the place that is told then.
func (l *Lease[T]) guard(where uintptr) {
	line := l.c.l
	l.detached = &detached{bytes: l.charge, part: min(0, l.base), info: line.info, stage: l.c.stage, where: where, since: time.Now()}
	line.b.addDetached(l.detached)
	l.detached.lost = runtime.AddCleanup(l, func(c *detached) {
		line.b.enter()
		delete(line.b.holders.detached, c)
		if c.park != nil {
			line.q.Unpark(c.park)
		}
		line.b.endPartLocked(c.part)
		line.q.Release(1, c.bytes)
		line.b.leave()
		go line.b.reportLost(&line.q, "a lease", c.bytes, "detached", where)
	}, l.detached)
}
