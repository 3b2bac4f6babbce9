package host

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
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

// A closed budget is dropped once more when it is collected: that must not take away what another one has left.
func TestARequestEndsOnce(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	restores, stays := &GoLimitRequest{Restores: true}, new(GoLimitRequest)
	restores.Set(1 << 40)
	restores.Drop()
	require.Equal(t, int64(math.MaxInt64), debug.SetMemoryLimit(-1))
	stays.Set(1 << 39)
	stays.Drop()
	restores.Drop()
	require.Equal(t, int64(1)<<39, debug.SetMemoryLimit(-1))
}
