package memacct

import (
	"context"
	"iter"
	"runtime"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Lease is the right to a unit in hand. It ends with the loop body that got it, unless it was forwarded,
// released or detached before. A lease belongs to one goroutine at a time.
type Lease[T any] struct {
	c *consumer[T]
	slot[T]
	state leaseState
	park  *core.Park // nil if it is not parked
	claim *claim     // once detached
	ended uintptr    // where it ended, for the report of a second end
	lost  runtime.Cleanup
}

// claim is what a detached lease still holds, for the case that it is lost: what the cleanup gives back.
type claim struct {
	bytes int64
	park  *core.Park
	info  *queueInfo
	stage string
	where uintptr // of the Detach
	since time.Time
}

type leaseState uint8

const (
	leaseHeld     leaseState = iota // ends with the loop body
	leaseDetached                   // ends when its owner says so
	leaseEnded
)

// Leases yields a lease for each unit as it comes, until the queue is closed and drained or ctx is done. It
// costs one allocation a unit more than All.
func (l *line[T]) Leases(ctx context.Context) iter.Seq[*Lease[T]] {
	return func(yield func(*Lease[T]) bool) {
		c := l.attach(ctx, core.Taker{Size: 1}, 0)
		defer c.end()
		for c.next(ctx) {
			lease := &Lease[T]{c: c, slot: c.unit(0)}
			if !lease.lend(yield) {
				return
			}
		}
	}
}

// lend runs the loop body and ends the lease after it, however the body ends. The consumer still has the
// charge then, and drops it at its next step.
func (l *Lease[T]) lend(yield func(*Lease[T]) bool) bool {
	c := l.c
	c.detached = false
	defer func() {
		// A detached lease is somebody else's by now, who may be ending it this moment.
		if !c.detached && l.state == leaseHeld {
			l.Unpark()
			l.state = leaseEnded
		}
	}()
	return yield(l)
}

// Value returns the unit.
func (l *Lease[T]) Value() T { return l.v }

// Bytes returns what the unit is charged, in bytes.
func (l *Lease[T]) Bytes() int64 { return l.charge }

// Release ends the lease: the unit is charged no longer. Ending a lease twice is reported through the
// budget's logger and in [Stats].Misuse, and changes nothing.
func (l *Lease[T]) Release() {
	if l.state == leaseEnded {
		l.misused("Release")
		return
	}
	b := l.c.l.b
	b.lock()
	l.leave()
	l.c.l.q.Release(1, l.charge)
	b.unlock()
	l.finish()
}

// Forward moves the unit, and its charge with it, to the next queue, measured again: it may have grown,
// which becomes debt, or shrunk. It waits for a slot, never for memory. On an error the lease lives on.
func (l *Lease[T]) Forward(ctx context.Context, to *Queue[T]) error {
	if l.state == leaseEnded {
		l.misused("Forward")
		return l.c.l.at(ErrReleased)
	}
	park, from := l.park, l.c
	l.Unpark()
	if l.state == leaseDetached {
		from = nil
	}
	if err := l.c.l.forward(ctx, to, l.slot, from, false); err != nil {
		if park != nil {
			l.Park(park.Done)
		}
		return err
	}
	b := l.c.l.b
	b.lock()
	l.leave()
	b.unlock()
	l.finish()
	return nil
}

// Resize charges what the unit weighs now. It never waits: growth becomes debt, and keeps the gates shut.
func (l *Lease[T]) Resize() error {
	if l.state == leaseEnded {
		l.misused("Resize")
		return l.c.l.at(ErrReleased)
	}
	n, err := l.c.l.weigh(l.v)
	if err != nil {
		return err
	}
	b := l.c.l.b
	b.lock()
	defer b.unlock()
	n = l.c.l.a.grown(l.c.l.info, l.cost, n).charge
	if l.state == leaseHeld {
		l.c.bytes += n - l.charge
		l.c.costs[0].charge = n // the loop holds this one alone
	}
	l.c.l.q.Resize(l.charge, n)
	l.charge = n
	if l.claim != nil {
		l.claim.bytes = n
	}
	return nil
}

// Split charges v, a part or a child of the unit that now lives on its own, and returns its lease. It is
// detached: whoever has it must release or forward it. Splitting never waits.
func (l *Lease[T]) Split(v T) (*Lease[T], error) {
	if l.state == leaseEnded {
		l.misused("Split")
		return nil, l.c.l.at(ErrReleased)
	}
	n, err := l.c.l.weigh(v)
	if err != nil {
		return nil, err
	}
	b := l.c.l.b
	b.lock()
	l.c.l.q.Split(n)
	b.unlock()
	part := &Lease[T]{c: l.c, slot: slot[T]{v, cost{n, n}}, state: leaseDetached}
	part.guard()
	return part, nil
}

// Detach lets the unit outlive the loop body. Whoever has the lease must release or forward it; one that is
// lost is found when it is garbage collected, reported with the place of its Detach, and released.
func (l *Lease[T]) Detach() {
	if l.state != leaseHeld {
		return
	}
	park := l.park
	l.Unpark() // the worker is free from now on
	b := l.c.l.b
	b.lock()
	l.leave()
	b.unlock()
	l.state = leaseDetached
	l.c.detached = true
	l.guard()
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
	if l.park != nil || l.state == leaseEnded {
		return
	}
	b := l.c.l.b
	b.lock()
	l.park = &core.Park{Holds: l.state == leaseHeld, Done: done}
	if l.claim != nil {
		l.claim.park = l.park
	}
	l.c.l.q.Park(l.park)
	b.unlock()
}

// Unpark ends a Park.
func (l *Lease[T]) Unpark() {
	if l.park == nil {
		return
	}
	b := l.c.l.b
	b.lock()
	l.unpark()
	b.unlock()
}

// unpark is Unpark with the lock held.
func (l *Lease[T]) unpark() {
	if l.park == nil {
		return
	}
	l.c.l.q.Unpark(l.park)
	l.park = nil
	if l.claim != nil {
		l.claim.park = nil
	}
}

// leave takes the unit out of what the loop answers for. The lock is held.
func (l *Lease[T]) leave() {
	l.unpark()
	delete(l.c.l.b.claims, l.claim)
	if l.state == leaseHeld {
		l.c.letGo(l.charge)
	}
}

// finish marks the end of the lease and where it was, two callers up.
func (l *Lease[T]) finish() {
	if l.state == leaseDetached {
		l.lost.Stop()
	}
	l.state = leaseEnded
	l.ended = callSite(2)
	var zero T
	l.v = zero
}

// misused reports the second end of a lease.
func (l *Lease[T]) misused(how string) {
	l.c.l.b.reportMisuse(how, &l.c.l.q, callSite(2), l.ended)
}

// guard watches over a detached lease: when it is collected before it ended, its charge would be lost.
func (l *Lease[T]) guard() {
	line, where := l.c.l, callSite(2)
	l.claim = &claim{bytes: l.charge, info: line.info, stage: l.c.stage, where: where, since: time.Now()}
	line.b.claimed(l.claim)
	l.lost = runtime.AddCleanup(l, func(c *claim) {
		line.b.lock()
		delete(line.b.claims, c)
		if c.park != nil {
			line.q.Unpark(c.park)
		}
		line.q.Release(1, c.bytes)
		line.b.unlock()
		go line.b.reportLost(&line.q, "a lease", c.bytes, "detached", where)
	}, l.claim)
}
