package memacct

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

const mib = bytesize.MiB

// The chain of sentinels steps the budget after real collections, and ends with it.
func TestBudgetFollowsCollections(t *testing.T) {
	b := quiet(t, Process(1<<30))
	start := b.Stats().Limit
	require.Eventually(t, func() bool {
		runtime.GC()
		return b.Stats().Limit != start
	}, 10*time.Second, time.Millisecond)
	empty(t, b)
}

// What the first stage holds is told to within 5 % of the truth.
func TestPinnedMemoryInTheError(t *testing.T) {
	if raceEnabled {
		t.Skip("NOT TESTED: the race detector adds to every block")
	}
	for _, pinned := range []int64{8 * mib, 64 * mib} {
		t.Run(fmt.Sprint(pinned/mib, "MiB"), func(t *testing.T) {
			b, a := open(t, 1000)
			g := NewGate(a, "units", 1, func(l *load) int64 { return l.bytes })
			var keep [][]byte
			for range pinned / (64 << 10) {
				keep = append(keep, make([]byte, 64<<10))
			}
			back := a.Charge(800) // so that the heap has a part in it: the limit alone does not decide
			refused := refusedWith(t, g.Put(t.Context(), &load{500}))
			require.InEpsilon(t, pinned, refused.Pinned, 0.05, "%v", refused)
			runtime.KeepAlive(keep)
			back()
			empty(t, b)
		})
	}
}

// A unit that is refused because the budget was cut by an estimate is let in when the process can hold it.
func TestUnitThatFitsTheProcessIsLetIn(t *testing.T) {
	b := quiet(t, Process(1<<30))
	cut(b, 10)
	g := NewGate(b.Account("test"), "units", 1, weight)
	require.NoError(t, g.Put(t.Context(), &load{1000}))
	require.Equal(t, 1, g.Discard())
	require.ErrorIs(t, g.Put(t.Context(), &load{2 << 30}), ErrOverBudget)
	empty(t, b)
}

// A limit that is raised while a refusal is being explained, which takes a forced collection, has the unit let in.
func TestALimitThatIsRaisedMeanwhile(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 1, weight)
	e := refusedWith(t, g.Put(t.Context(), &load{2000}))
	r := &refusal{w: core.Waiter{Queue: &g.q, Bytes: 2000}, reason: e.Reason, fits: 2000}
	_, yes := b.reconsider(r, e)
	require.False(t, yes)
	require.NoError(t, b.SetLimit(Content(3000)))
	past, yes := b.reconsider(r, e)
	require.True(t, yes)
	require.Zero(t, past)
	require.NoError(t, g.Put(t.Context(), &load{2000}))
	require.Equal(t, 1, g.Discard())
	empty(t, b)
}

// Under a process limit an overrun is what the process needs past that, and not past a budget that estimates cut: the
// one bounds what a first stage can pin, and the other would count each small unit.
func TestAnOverrunIsPastWhatTheProcessMayUse(t *testing.T) {
	b, err := newOn(hostOf(0, 0, 8<<30).host(), Config{Limit: Process(64 * mib), Policy: Overrun(40 * mib), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	g := NewGate(b.Account("test"), "units", 1, weight)
	for range 3 {
		cut(b, 0)
		require.NoError(t, g.Put(t.Context(), &load{10_000}))
		require.Equal(t, 1, g.Discard())
	}
	require.Zero(t, b.Stats().Overruns)
	require.NoError(t, g.Put(t.Context(), &load{80 * mib}))
	require.Equal(t, 1, g.Discard())
	require.EqualValues(t, 1, b.Stats().Overruns)
	told := eventsOf(b, EventOverrun)
	require.Len(t, told, 1)
	require.Regexp(t, `^a unit of 80.0 MiB was admitted, [23]\d\.\d MiB past the limit$`, told[0].Text)
	err = g.Put(t.Context(), &load{200 * mib})
	require.Equal(t, TooLarge, refusedWith(t, err).Reason)
	require.ErrorContains(t, err, " instead of 40.0 MiB.")

	kept := make([]byte, 120*mib) // past the limit, and past what may be
	cut(b, 0)
	require.Equal(t, Pinned, refusedWith(t, g.Put(t.Context(), &load{10_000})).Reason)
	runtime.KeepAlive(kept)
	empty(t, b)
}

// Memory that Go does not know of is told apart from what a first stage holds, and what is to be raised is named: the
// setting, and the wall behind it.
func TestWhoToBlameOutsideGoAndInACgroup(t *testing.T) {
	f := hostOf(0, 256*mib, 8<<30)
	h := f.host()
	h.RSS = func() int64 { return host.This.ReadMemory().Mapped + 100*mib }
	t.Setenv("MEMACCT_LIMIT", "200MiB")
	cfg, err := ConfigFromEnv()
	require.NoError(t, err)
	cfg.Logger = slog.New(slog.DiscardHandler)
	b, err := newOn(h, cfg)
	require.NoError(t, err)
	g := NewGate(b.Account("test"), "units", 1, weight)
	cut(b, 1000)
	e := refusedWith(t, g.Put(t.Context(), &load{90 * mib}))
	require.Equal(t, Pinned, e.Reason)
	require.InEpsilon(t, 100*mib, e.Outside, 0.01)
	require.ErrorContains(t, e, "in a process limited to 200.0 MiB, of which 100.")
	require.ErrorContains(t, e, " MiB are in use outside Go")
	require.ErrorContains(t, e, "Bound what is used outside Go (C libraries, mapped memory), or raise the process limit (MEMACCT_LIMIT=200MiB) to ")
	require.ErrorContains(t, e, ", and cgroup /a/b/memory.high, which is 256.0 MiB, with it.")
	require.Contains(t, e.Report(), "MiB of it outside Go")
	empty(t, b)
}

// What lived when the budget was opened and is gone by now is not subtracted from what the first stage holds.
func TestABaselineThatIsGone(t *testing.T) {
	start := make([]byte, 40*mib)
	b, a := open(t, 1000)
	g := NewGate(a, "units", 1, weight)
	runtime.KeepAlive(start)
	back := a.Charge(800)
	e := refusedWith(t, g.Put(t.Context(), &load{500}))
	back()
	require.Positive(t, e.LiveHeap)
	require.Equal(t, e.LiveHeap, e.Used+e.Waiting+e.Baseline+e.Pinned, "%v", e)
	empty(t, b)
}

// One look at the process, as after each collection: what it allocates the next collection has to find.
func BenchmarkRegulate(b *testing.B) {
	for name, l := range map[string]Limit{"auto": Auto(), "share": Share(0.5), "process": Process(1 << 30)} {
		b.Run(name, func(b *testing.B) {
			budget := quiet(b, l)
			b.ReportAllocs()
			for b.Loop() {
				budget.regulate(budget.gov)
			}
			require.NoError(b, budget.Close(b.Context()))
		})
	}
}
