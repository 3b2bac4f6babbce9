package memacct

import (
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// holders is who holds units, or memory for some: what reports look at. Guarded by the budget's lock.
type holders struct {
	loops        map[loop]struct{}
	inner        map[uint64]loop                // of each goroutine that runs loops, the innermost
	detached     map[*detached]struct{}         // leases
	reservations map[reservationBundle]struct{} // some of them ended
	open         int                            // reservations that are neither put nor released
	stages       []*stage                       // running
}

// loop is a loop over a queue, whatever the type of its units. Its methods want the lock held.
type loop interface {
	takes() (goid uint64, from *core.Queue, inHand int)
	handOf() (goid uint64, hand *core.Hand)
	collectLocked() // release what it is done with
	usageLocked(now time.Time) Usage
}

// beginLoopLocked notes a loop, and which loop of the same goroutine is around it.
func (b *Budget) beginLoopLocked(l loop) {
	if b.holders.loops == nil {
		b.holders.loops, b.holders.inner = map[loop]struct{}{}, map[uint64]loop{}
	}
	b.holders.loops[l] = struct{}{}
	goid, hand := l.handOf()
	if outer := b.holders.inner[goid]; outer != nil && goid != 0 {
		_, hand.Outer = outer.handOf()
	}
	b.holders.inner[goid] = l
}

// endLoopLocked forgets a loop. Those of one goroutine end from the innermost on, but for one that iter.Pull runs: that is a
// goroutine of its own.
func (b *Budget) endLoopLocked(l loop) {
	delete(b.holders.loops, l)
	goid, hand := l.handOf()
	if b.holders.inner[goid] == l {
		delete(b.holders.inner, goid)
	}
	if hand.Outer == nil {
		return
	}
	for o := range b.holders.loops {
		if id, h := o.handOf(); id == goid && h == hand.Outer {
			b.holders.inner[goid] = o
		}
	}
}

// handLocked is the hand of the innermost loop that the calling goroutine runs, nil if that is none.
func (b *Budget) handLocked() *core.Hand {
	if len(b.holders.inner) == 0 {
		return nil
	}
	goid := stacks.GoroutineID()
	if l := b.holders.inner[goid]; l != nil && goid != 0 {
		_, hand := l.handOf()
		return hand
	}
	return nil
}

// collectLocked releases what loops are done with and have not said so yet.
func (b *Budget) collectLocked() {
	for l := range b.holders.loops {
		l.collectLocked()
	}
}

// aged tells how long something did not change, for somebody who looks in now and then.
type aged struct {
	mark  any
	since time.Time
}

// unchanged returns for how long mark was seen.
func (a *aged) unchanged(now time.Time, mark any) time.Duration {
	if a.mark != mark {
		a.mark, a.since = mark, now
	}
	return now.Sub(a.since)
}

// addDetached notes a lease that was detached. The lock is not held.
func (b *Budget) addDetached(c *detached) {
	b.enter()
	defer b.leaveQuietly()
	if b.holders.detached == nil {
		b.holders.detached = map[*detached]struct{}{}
	}
	b.holders.detached[c] = struct{}{}
}
