package memacct

import "time"

// doubtFor is how long, and up to as long again, a batch below its share is held back for a consumer that has
// nothing in hand and could come for more. What it does between two units takes microseconds; if it takes longer,
// it may be waiting for that very batch.
const doubtFor = time.Millisecond

// doubts are those of the core, see core.Doubt. They are guarded by the budget's lock.
type doubts struct {
	timer   *time.Timer
	running bool
	number  int // the one that the timer runs for
}

// doubt has insist called while the core is in doubt. The lock is held.
func (b *Budget) doubt() {
	d := &b.doubts
	number, doubt := b.core.Doubt()
	if !doubt || d.running {
		return
	}
	d.running, d.number = true, number
	if d.timer == nil {
		d.timer = time.AfterFunc(doubtFor, b.insist)
	} else {
		d.timer.Reset(doubtFor)
	}
}

// insist ends a doubt that lasted as long as the timer ran, and goes on with another that came since.
func (b *Budget) insist() {
	b.lock()
	b.doubts.running = false
	b.core.Insist(b.doubts.number)
	b.unlock()
}
