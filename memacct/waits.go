package memacct

import "time"

// waits count the puts of a queue that slept, and for how long together. Those that still sleep count up to
// now: a gate that stays shut for minutes must show, and not first when it opens. Guarded by the budget's lock.
type waits struct {
	puts   int64
	asleep int64
	epoch  time.Time     // of the first sleep
	slept  time.Duration // the sum of all ends less all beginnings, as times since the epoch; may wrap around
}

// begin notes that a put falls asleep.
func (w *waits) begin() {
	now := time.Now()
	if w.puts == 0 {
		w.epoch = now
	}
	w.puts++
	w.asleep++
	w.slept -= now.Sub(w.epoch)
}

// end notes that one woke for good.
func (w *waits) end() {
	w.asleep--
	w.slept += time.Since(w.epoch)
}

// read returns how many puts slept, and for how long. The sum of what is meant by slept and the sleepers' part
// is right even where each alone wraps around.
func (w *waits) read() (puts int64, slept time.Duration) {
	if w.puts == 0 {
		return 0, 0
	}
	return w.puts, w.slept + time.Duration(w.asleep)*time.Since(w.epoch)
}
