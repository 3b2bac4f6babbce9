package memacct

import "time"

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
