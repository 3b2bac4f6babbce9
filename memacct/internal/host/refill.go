package host

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// refill is memory of the heap that Go gave back to the kernel and that is resident again all the same: where huge
// pages are always on, a write to one page of two megabytes brings the rest of them back, and in time the kernel makes
// huge pages of small ones by itself. Go does not count it, and is not to be held back for it: it is where the heap
// grows next.
type refill struct {
	mu    sync.Mutex // held while it is measured
	at    time.Time
	took  time.Duration
	bytes atomic.Int64 // when it was measured last
}

const (
	// refillPart of what Go knows, and so many bytes, may be resident beside it before anybody asks whose they are.
	refillPart  = 32
	refillLeast = bytesize.MiB
	// refillRests is how many times the time that a measurement took must pass before the next: it is a matter of
	// microseconds for a heap of some megabytes, and of 40 milliseconds for one of 64 GiB.
	refillRests = 100
	// refillEvery is the least time between two measurements.
	refillEvery = 5 * time.Millisecond
)

// Measure finds the refill anew, where there may be some, for now to have it. It asks for each page of the heap whether it is resident, and
// so must run outside the budget's lock.
func (k *Kernel) Measure(now *Sample) {
	r := &k.refill
	defer func() { now.Refilled = k.Refilled(*now) }()
	if k.Host.Heap == nil || now.RSS-now.Mapped <= max(now.Mapped/refillPart, refillLeast) || now.Freed == 0 || !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	if !r.at.IsZero() && Since(r.at) < max(refillRests*r.took, refillEvery) {
		return
	}
	from := time.Now()
	resident := k.Host.Heap()
	r.at, r.took = time.Now(), time.Since(from)
	r.bytes.Store(resident - (now.Mapped - now.NonHeap + now.Stacks))
}

// Refilled is the refill at that moment, in bytes: what was measured last, and no more than there can be.
func (k *Kernel) Refilled(now Sample) int64 {
	return max(0, min(k.refill.bytes.Load(), now.Freed, now.RSS-now.Mapped))
}
