package memacct

import (
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// loop is a loop over a queue, whatever the type of its units. Its methods want the lock held.
type loop interface {
	takes() (goid uint64, from *core.Queue, inHand int)
	handOf() (goid uint64, hand *core.Hand)
	collectLocked() // release what it is done with
	lookLocked(now time.Time) Usage
}

// beginLoopLocked notes a loop, and which loop of the same goroutine is around it.
func (b *Budget) beginLoopLocked(l loop) {
	if b.loops == nil {
		b.loops, b.inner = map[loop]struct{}{}, map[uint64]loop{}
	}
	b.loops[l] = struct{}{}
	goid, hand := l.handOf()
	if outer := b.inner[goid]; outer != nil && goid != 0 {
		_, hand.Outer = outer.handOf()
	}
	b.inner[goid] = l
}

// endLoopLocked forgets a loop. Those of one goroutine end from the innermost on, but for one that iter.Pull runs: that is a
// goroutine of its own.
func (b *Budget) endLoopLocked(l loop) {
	delete(b.loops, l)
	goid, hand := l.handOf()
	if b.inner[goid] == l {
		delete(b.inner, goid)
	}
	if hand.Outer == nil {
		return
	}
	for o := range b.loops {
		if id, h := o.handOf(); id == goid && h == hand.Outer {
			b.inner[goid] = o
		}
	}
}

// handLocked is the hand of the innermost loop that the calling goroutine runs, nil if that is none.
func (b *Budget) handLocked() *core.Hand {
	if len(b.inner) == 0 {
		return nil
	}
	goid := stacks.GoroutineID()
	if l := b.inner[goid]; l != nil && goid != 0 {
		_, hand := l.handOf()
		return hand
	}
	return nil
}

// collectLocked releases what loops are done with and have not said so yet.
func (b *Budget) collectLocked() {
	for l := range b.loops {
		l.collectLocked()
	}
}
