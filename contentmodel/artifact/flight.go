package artifact

import (
	"context"
	"slices"
	"sync"
)

// flight bounds the bytes in temporary files. It admits in the order of asking: a large artifact is not overtaken for ever.
type flight struct {
	bound int64

	mu     sync.Mutex
	used   int64
	leases int
	queue  []*waiter
}

type waiter struct {
	n        int64
	admitted chan struct{} // closed under flight.mu
}

// mostClaimed keeps sums of sizes far from overflow, whatever metadata says.
const mostClaimed = 1 << 50

// lease is the right to n bytes. What is given back is what the lease has by then, never what somebody computes anew.
type lease struct {
	of       *flight
	n        int64
	released bool
}

// acquire waits until n bytes fit; one larger than the bound is admitted when nobody else is.
func (f *flight) acquire(ctx context.Context, n int64) (*lease, error) {
	w := &waiter{min(n, mostClaimed), make(chan struct{})}
	f.mu.Lock()
	f.queue = append(f.queue, w)
	f.admit()
	f.mu.Unlock()
	select {
	case <-w.admitted:
		return &lease{of: f, n: w.n}, nil
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.queue, w); i >= 0 {
		f.queue = slices.Delete(f.queue, i, i+1)
	} else { // it was admitted just now
		f.used -= w.n
		f.leases--
	}
	f.admit()
	return nil, context.Cause(ctx)
}

// admit lets in who fits, from the front of the queue. The lock is held.
func (f *flight) admit() {
	for len(f.queue) > 0 {
		w := f.queue[0]
		if f.leases > 0 && w.n > f.bound-f.used {
			return
		}
		f.queue = f.queue[1:]
		f.used += w.n
		f.leases++
		close(w.admitted)
	}
}

// grow counts n bytes more, and never waits: whoever grows holds what others wait for.
func (l *lease) grow(n int64) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.n += n
	l.of.used += n
}

// shrink gives back all but n bytes.
func (l *lease) shrink(n int64) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.used -= l.n - n
	l.n = n
	l.of.admit()
}

// release gives back what is left, the first time.
func (l *lease) release() {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.released {
		return
	}
	l.released = true
	l.of.used -= l.n
	l.of.leases--
	l.of.admit()
}
