package memacct

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Batch says when a batch is complete: at Size units (0: the queue's capacity), at Bytes of them (0: no
// bound), or when its first unit has waited for Linger (0: for ever); what a batch leaves in the queue has waited
// since then. Batches are cut short, too, when the queue ends, when [Queue.Flush] asks for it, and under pressure.
// A batch of one unit is no batch: nothing is collected for it.
type Batch struct {
	Size   int
	Bytes  int64
	Linger time.Duration
}

// Batches yields the units in batches, until the queue is closed and drained or ctx is done. Each batch stays
// charged until its loop body ends, and its slice is reused then: copy what must outlive the body, and mind
// that a unit that does is not charged any more. A batch is collected in the queue itself, which takes up to
// Size units for it whatever its capacity.
func (l *line[T]) Batches(ctx context.Context, by Batch) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		c := l.attach(ctx, l.taker(by), by.Linger)
		defer c.end()
		for c.next(ctx) && yield(c.vals) {
		}
	}
}

func (l *line[T]) taker(by Batch) core.Taker {
	if by.Size < 0 || by.Bytes < 0 || by.Linger < 0 {
		panic(fmt.Sprintf("memacct: queue %q: %+v: a batch's bounds are 0 or more", l.q.Name, by))
	}
	size := by.Size
	if size == 0 {
		size = l.q.Capacity
	}
	return core.Taker{Batch: size > 1, Size: size, Bytes: by.Bytes}
}

// flushAfter is how long, and up to as long again, a batch below its share is held back for a consumer that has
// nothing in hand and could come for more. What it does between two units takes microseconds; if it takes longer,
// it may be waiting for that very batch.
const flushAfter = time.Millisecond

// flushTimer runs while the core holds a batch back, see core.Grace. Guarded by the budget's lock.
type flushTimer struct {
	timer   *time.Timer
	running bool
	number  int // the one that the timer runs for
}

// armFlushTimerLocked has forceFlush called while the core holds a batch back: see core.Grace.
func (b *Budget) armFlushTimerLocked() {
	d := &b.flushTimer
	number, runs := b.core.Grace()
	if !runs || d.running {
		return
	}
	d.running, d.number = true, number
	if d.timer == nil {
		d.timer = time.AfterFunc(flushAfter, b.forceFlush)
	} else {
		d.timer.Reset(flushAfter)
	}
}

// forceFlush ends a grace that lasted as long as the timer ran, and goes on with one that came since.
func (b *Budget) forceFlush() {
	b.enter()
	b.flushTimer.running = false
	b.core.EndGrace(b.flushTimer.number)
	b.leave()
}
