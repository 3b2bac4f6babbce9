package host

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
)

// What a change of the limit costs while the budget's lock is held, beside a lock that nobody else wants, and how
// often it stops the program: never, or a set would have to wait until the lock is let go.
func BenchmarkSetGoLimit(b *testing.B) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	request, n, stops := new(GoLimitRequest), int64(0), programStops()
	defer request.Drop()
	b.Run("set", func(b *testing.B) {
		for b.Loop() {
			n++
			request.Set(1<<40 + n%2)
		}
	})
	b.Run("lock", func(b *testing.B) {
		var mu sync.Mutex
		for b.Loop() {
			mu.Lock()
			n++
			mu.Unlock()
		}
	})
	if more := programStops() - stops; more > 100 {
		b.Errorf("the program was stopped %d times", more)
	}
}

// programStops is how often the program was stopped for anything but collections.
func programStops() (n uint64) {
	s := []metrics.Sample{{Name: "/sched/pauses/total/other:seconds"}}
	metrics.Read(s)
	for _, c := range s[0].Value.Float64Histogram().Counts {
		n += c
	}
	return n
}
