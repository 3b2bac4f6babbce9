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

// withoutAGoLimit has the application set none for this test.
func withoutAGoLimit(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
}

// Of several requests the least counts, and with the one that wanted it gone the next.
func TestTheLeastRequestCounts(t *testing.T) {
	withoutAGoLimit(t)
	a, b := &GoLimitRequest{Restores: true}, &GoLimitRequest{Restores: true}
	a.Set(1 << 40)
	b.Set(1 << 39)
	require.Equal(t, int64(1)<<39, debug.SetMemoryLimit(-1))
	require.EqualValues(t, int64(math.MaxInt64), ApplicationLimit(), "what budgets set is not the application's")
	b.Set(math.MaxInt64)
	require.Equal(t, int64(1)<<40, debug.SetMemoryLimit(-1))
	b.Set(1 << 38)
	b.Drop()
	require.Equal(t, int64(1)<<40, debug.SetMemoryLimit(-1))
	b.Set(1 << 30)
	require.Equal(t, int64(1)<<40, debug.SetMemoryLimit(-1), "it is over")
	a.Drop()
	require.EqualValues(t, int64(math.MaxInt64), debug.SetMemoryLimit(-1))
}

// A request that yields is for the case that the application has set nothing, which may come to be at any time.
func TestARequestYieldsToTheApplication(t *testing.T) {
	withoutAGoLimit(t)
	yields := &GoLimitRequest{Yields: true, Restores: true}
	require.True(t, yields.Counts())
	yields.Set(1 << 39)
	require.True(t, yields.Counts())
	debug.SetMemoryLimit(1 << 41)
	require.False(t, yields.Counts())
	yields.Set(1 << 39)
	require.Equal(t, int64(1)<<41, debug.SetMemoryLimit(-1))
	firm := &GoLimitRequest{Restores: true}
	firm.Set(1 << 40)
	require.True(t, firm.Counts())
	require.Equal(t, int64(1)<<40, debug.SetMemoryLimit(-1))
	firm.Set(1 << 42)
	require.Equal(t, int64(1)<<41, debug.SetMemoryLimit(-1), "never above what the application set")
	firm.Drop()
	yields.Drop()
	require.False(t, firm.Counts())
	require.False(t, yields.Counts())
	require.Equal(t, int64(1)<<41, debug.SetMemoryLimit(-1))
	require.False(t, (*GoLimitRequest)(nil).Counts(), "none is made")
}

// A limit of nothing would have the runtime collect without end.
func TestALimitIsOneByteAtLeast(t *testing.T) {
	withoutAGoLimit(t)
	before := debug.SetGCPercent(-1)
	defer debug.SetGCPercent(before)
	r := &GoLimitRequest{Restores: true}
	r.Set(-5)
	require.EqualValues(t, 1, debug.SetMemoryLimit(-1))
	r.Drop()
}
