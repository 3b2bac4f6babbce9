package memacct

import (
	"log/slog"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// goLimitNow is the Go runtime's memory limit, in bytes.
func goLimitNow() int64 { return debug.SetMemoryLimit(-1) }

// applicationSets has the application set its own memory limit until the end of the test.
func applicationSets(t *testing.T, n int64) {
	before := debug.SetMemoryLimit(n)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
}

// setsGo is a budget of a process limit that has the Go runtime's follow.
func setsGo(t *testing.T, n int64) *Budget {
	t.Helper()
	b, err := New(Config{Limit: Process(n), SetGoLimit: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return b
}

// The application's own limit is left alone unless asked, never raised, and put back.
func TestTheGoLimitFollowsIfAsked(t *testing.T) {
	ownMemory(t)
	applicationSets(t, math.MaxInt64)
	plain, err := New(Config{Limit: Process(512 * mib), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.Equal(t, int64(math.MaxInt64), goLimitNow())
	b := setsGo(t, 512*mib)
	require.Less(t, goLimitNow(), int64(512*mib))
	require.Greater(t, goLimitNow(), int64(256*mib))
	require.Greater(t, b.Stats().Limit, plain.Stats().Limit, "the heap need not double")
	require.Equal(t, int64(math.MaxInt64), applicationLimit(), "not taken for the application's")
	require.NoError(t, b.SetLimit(Process(256*mib)))
	require.Less(t, goLimitNow(), int64(256*mib))
	empty(t, b)
	require.Equal(t, int64(math.MaxInt64), goLimitNow())

	debug.SetMemoryLimit(300 * mib)
	b = setsGo(t, 512*mib)
	require.EqualValues(t, 300*mib, goLimitNow(), "never above the application's")
	debug.SetMemoryLimit(200 * mib) // the application changes its mind
	runtime.GC()
	empty(t, b)
	require.LessOrEqual(t, goLimitNow(), int64(200*mib))
	empty(t, plain)
}

// What looks or sets while or after a budget is closed does not bring its limit back.
func TestTheGoLimitEndsWithTheBudget(t *testing.T) {
	applicationSets(t, math.MaxInt64)
	for range 50 {
		b := setsGo(t, 1<<30)
		require.Less(t, goLimitNow(), int64(1<<30))
		var late sync.WaitGroup
		late.Go(func() { lookUntilClosed(b) })
		late.Go(func() {
			for _, n := range []int64{900 * mib, 800 * mib, 700 * mib} {
				if err := b.SetLimit(Process(n)); err != nil {
					t.Error(err)
				}
			}
		})
		empty(t, b)
		late.Wait()
		require.Equal(t, int64(math.MaxInt64), goLimitNow())
		require.NoError(t, b.SetLimit(Process(512*mib)))
		require.Equal(t, int64(math.MaxInt64), goLimitNow())
	}
}

// lookUntilClosed does without a rest what collections and waiting puts have done now and then.
func lookUntilClosed(b *Budget) {
	for open := true; open; {
		b.lock()
		g := b.gov
		open = !b.closed
		b.unlockQuiet()
		b.regulate(g, false)
	}
}

// What a change of the limit costs while the budget's lock is held, beside a lock that nobody else wants, and how
// often it stops the program: never, or a set would have to wait until the lock is let go.
func BenchmarkSetGoLimit(b *testing.B) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	wish, n, stops := new(goWish), int64(0), programStops()
	defer wish.drop()
	b.Run("set", func(b *testing.B) {
		for b.Loop() {
			n++
			wish.make(1<<40 + n%2)
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
