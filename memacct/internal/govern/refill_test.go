package govern

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Memory that Go gave back and that is resident again is not taken for memory outside Go, and what is outside Go is not
// taken for that.
func TestRefilledMemoryIsNotOutsideGo(t *testing.T) {
	var heap int64 // resident bytes of it
	asked := 0
	governed := func(now *host.Sample) *Law {
		k := host.Kernel{Host: &host.Host{Heap: func() int64 { asked++; return heap }}}
		k.Measure(now)
		return &Law{Process: 64 * mib}
	}
	beyond := func(now host.Sample) int64 {
		g := governed(&now)
		return g.Beyond(now)
	}
	refilled := func(now host.Sample) int64 {
		governed(&now)
		return now.Refilled
	}
	// 36 MiB of 40 are heap.
	now := host.Sample{Limit: 56 * mib, NonHeap: 6 * mib, Stacks: 2 * mib, Mapped: 40 * mib, Freed: 30 * mib, RSS: 60 * mib, GOGC: 100}

	heap = (36 + 18) * mib
	g := governed(&now)
	require.EqualValues(t, 18*mib, now.Refilled)
	require.EqualValues(t, 2*mib, g.Beyond(now))
	g.Observe(now, 0, 0)
	target := g.Target(now, unbound)
	gone := now
	gone.Freed, gone.Mapped = 0, 60*mib // the heap grew to where it was refilled
	require.Zero(t, refilled(gone))
	gone.Refilled = 0
	require.EqualValues(t, 2*mib, g.Beyond(gone), "only what is outside Go is kept")

	heap = 36 * mib
	g = governed(&now)
	require.Zero(t, now.Refilled)
	require.EqualValues(t, 20*mib, g.Beyond(now))
	g.Observe(now, 0, 0)
	require.Less(t, g.Target(now, unbound), target-9*mib)

	heap = 20 * mib // much of it was never touched
	require.EqualValues(t, 20*mib, beyond(now))
	heap = 200 * mib // and never more than there can be
	now.Freed = 7 * mib
	require.EqualValues(t, 7*mib, refilled(now))
	now.Freed = 70 * mib
	require.EqualValues(t, 20*mib, refilled(now))

	asked = 0
	now.Freed = 0
	require.EqualValues(t, 20*mib, beyond(now))
	now.Freed, now.RSS = 30*mib, 41*mib
	beyond(now)
	now.Mapped, now.RSS = 4*mib, 5*mib // a small program's
	beyond(now)
	now.Mapped, now.RSS = 40*mib, 0 // not told
	beyond(now)
	require.Zero(t, asked, "where there can't be any, or little, nobody asks")
}
