package memacct

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

// A spiral names what took the memory, and not only that it is gone.
func TestASpiralNamesWhatGrowsBesideTheContent(t *testing.T) {
	g, now := governed()
	now.NonHeap, now.Stacks, now.Buckets = 6*mib, mib, mib
	g.gc.add(now)
	for range 3 {
		g.beside.add(5 * mib)
	}
	now.NonHeap, now.Stacks, now.Buckets = 30*mib, 20*mib, 9*mib
	now.Mapped, now.RSS = 50*mib, 53*mib
	require.Equal(t, "; beside the content there are 20.0 MiB of goroutine stacks, 1.0 MiB at first, and "+
		"9.0 MiB of profiling buckets (a call stack each: recursion makes many; runtime.MemProfileRate = 0 makes none), 1.0 MiB at first, and "+
		"5.0 MiB of live heap that is no content, and 3.0 MiB outside Go", g.parts(now).text(g.gc.first, 64*mib))
	require.Empty(t, g.parts(now).text(g.gc.first, 1<<30), "none is worth a word")
}

// A GOMEMLIMIT above the wall is told, with both amounts, and one below it is not.
func TestAGoLimitAboveTheWallIsTold(t *testing.T) {
	told := func(goLimit, cgroup int64, l Limit, sets ...GoLimit) []Event {
		cfg := Config{Limit: l, Logger: slog.New(slog.DiscardHandler), GoLimit: append(sets, GoLimitKeep)[0]}
		b, err := newOn(hostOf(goLimit, cgroup, 8<<30).host(), cfg)
		require.NoError(t, err)
		defer func() { require.NoError(t, b.Close(t.Context())) }()
		return eventsOf(b, EventGoLimit)
	}
	for _, l := range []Limit{Auto(), Process(400 * mib), Content(10 * mib)} {
		all := told(2<<30, 512*mib, l)
		require.Len(t, all, 1, l)
		require.Equal(t, int64(2<<30), all[0].Bytes)
		require.Regexp(t, `^GOMEMLIMIT 2\.0 GiB, above cgroup .*512\.0 MiB: .*; set GOMEMLIMIT=460MiB or less`, all[0].Text)
		require.Empty(t, told(480*mib, 512*mib, l), l)
		require.Empty(t, told(0, 512*mib, l), l)
	}
	require.Regexp(t, `; the budget sets a lower one$`, told(2<<30, 512*mib, Auto(), GoLimitSet)[0].Text)
	require.Regexp(t, `^GOMEMLIMIT 16\.0 GiB, above the machine's memory 8\.0 GiB`, told(16<<30, 0, Content(10*mib))[0].Text)
}
