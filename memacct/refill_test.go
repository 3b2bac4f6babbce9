package memacct

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Memory that Go gave back and that is resident again is not taken for memory outside Go, and what is outside Go is not
// taken for that.
func TestRefilledMemoryIsNotOutsideGo(t *testing.T) {
	var heap int64 // resident bytes of it
	asked := 0
	governed := func(now memSample) *governor {
		g := &governor{process: 64 * mib}
		g.kernel.host = &host{heap: func() int64 { asked++; return heap }}
		g.kernel.measure(now)
		return g
	}
	// 36 MiB of 40 are heap.
	now := memSample{limit: 56 * mib, nonHeap: 6 * mib, stacks: 2 * mib, mapped: 40 * mib, freed: 30 * mib, rss: 60 * mib}

	heap = (36 + 18) * mib
	g := governed(now)
	require.EqualValues(t, 18*mib, g.kernel.refilled(now))
	require.EqualValues(t, 2*mib, g.beyond(now))
	g.observe(now, 0, 0)
	refilled := g.target(now, unbound)
	gone := now
	gone.freed, gone.mapped = 0, 60*mib // the heap grew to where it was refilled
	require.EqualValues(t, 2*mib, g.beyond(gone), "only what is outside Go is kept")
	require.Zero(t, g.kernel.refilled(gone))

	heap = 36 * mib
	g = governed(now)
	require.Zero(t, g.kernel.refilled(now))
	require.EqualValues(t, 20*mib, g.beyond(now))
	g.observe(now, 0, 0)
	require.Less(t, g.target(now, unbound), refilled-9*mib)

	heap = 20 * mib // much of it was never touched
	require.EqualValues(t, 20*mib, governed(now).beyond(now))
	heap = 200 * mib // and never more than there can be
	now.freed = 7 * mib
	require.EqualValues(t, 7*mib, governed(now).kernel.refilled(now))
	now.freed = 70 * mib
	require.EqualValues(t, 20*mib, governed(now).kernel.refilled(now))

	asked = 0
	now.freed = 0
	require.EqualValues(t, 20*mib, governed(now).beyond(now))
	now.freed, now.rss = 30*mib, 41*mib
	governed(now)
	now.mapped, now.rss = 4*mib, 5*mib // a small program's
	governed(now)
	now.mapped, now.rss = 40*mib, 0 // not told
	governed(now)
	require.Zero(t, asked, "where there can't be any, or little, nobody asks")
	now.rss = 60 * mib
	g = governed(now)
	g.kernel.refill.took = 1 << 40
	g.kernel.measure(now)
	require.Equal(t, 1, asked, "nor again so soon")
}
