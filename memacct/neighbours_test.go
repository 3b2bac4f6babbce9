package memacct

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What one sync holds is neither part of the program for another that is opened meanwhile, nor memory that its first
// stage keeps.
func TestPinnedIsNotWhatAnotherBudgetHolds(t *testing.T) {
	if raceEnabled {
		t.Skip("NOT TESTED: the race detector adds to every block")
	}
	one := func(l Limit) *Budget {
		b, err := newOn(hostOf(0, 0, 8<<30).host(), Config{Limit: l, GoLimit: GoLimitKeep, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		return b
	}
	size := func(p []byte) int64 { return int64(cap(p)) }
	for _, first := range []bool{true, false} {
		a := one(Process(1 << 30))
		var b *Budget
		if !first {
			b = one(Process(100 * mib))
		}
		busy := NewGate(a.Account("busy"), "units", 100, size)
		for range 30 {
			require.NoError(t, busy.Put(t.Context(), make([]byte, mib)))
		}
		if first {
			b = one(Process(100 * mib))
		}
		require.Less(t, b.base, int64(20*mib))
		g := NewGate(b.Account("sync"), "units", 10, size)
		e := refusedWith(t, g.Put(t.Context(), make([]byte, 101*mib)))
		require.EqualValues(t, 30*mib, e.Beside)
		require.Less(t, e.Pinned, int64(mib), "%v", e)
		require.Contains(t, e.Error(), "30.0 MiB in other budgets + ")
		require.Contains(t, strings.Join(strings.Fields(e.Report()), " "), "30.0 MiB in other budgets + ")
		require.Equal(t, 30, busy.Discard())
		e = refusedWith(t, g.Put(t.Context(), make([]byte, 101*mib)))
		require.Zero(t, e.Beside)
		require.NotContains(t, e.Error(), "other budgets")
		empty(t, a)
		empty(t, b)
	}
}

// A budget that is opened while another holds content gets the rest, and not less than an equal part.
func TestABudgetIsOpenedBesideAnother(t *testing.T) {
	alone := quiet(t, Process(400*mib))
	content := alone.Stats().Limit
	empty(t, alone)
	a := quiet(t, Process(400*mib))
	g := NewGate(a.Account("busy"), "units", 100, weight)
	require.NoError(t, g.Put(t.Context(), &load{content / 4}))
	b := quiet(t, Process(400*mib))
	require.InEpsilon(t, content*3/4, b.Stats().Limit, 0.1)
	g.Discard()
	empty(t, b)
	require.NoError(t, g.Put(t.Context(), &load{content * 8 / 10}))
	b = quiet(t, Process(400*mib))
	require.InEpsilon(t, content/2, b.Stats().Limit, 0.1)
	g.Discard()
	empty(t, b)
	empty(t, a)
}
