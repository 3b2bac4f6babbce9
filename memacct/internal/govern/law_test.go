package govern

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

const mib = bytesize.MiB

// unbound is a kernel that bounds nothing.
var unbound = host.Reading{Room: math.MaxInt64, Most: math.MaxInt64}

// governed is the law of a 64 MiB process with a memory limit of 56 MiB.
func governed() (*Law, host.Sample) {
	return &Law{Process: 64 * mib}, host.Sample{At: time.Now(), GOGC: 100, Procs: 2, Limit: 56 * mib, NonHeap: 4 * mib, Mapped: 20 * mib, RSS: 22 * mib}
}

func TestBudgetLeavesRoomForWhatIsNotContent(t *testing.T) {
	g, now := governed()
	before := g.Target(now, unbound)
	require.InDelta(t, float64(56-4-3)/limitedGrowth, float64(before)/float64(mib), 1)

	for what, change := range map[string]func(){
		"more beside the heap":     func() { now.NonHeap += 2 * mib },
		"memory outside Go":        func() { g.outside.add(12 * mib) },
		"pinned":                   func() { g.Beside.add(2 * mib) },
		"a lower memory limit":     func() { now.Limit -= 8 * mib },
		"a large unit being built": func() { g.built.add(6 * mib) },
		"allocation at full pit":   func() { g.surge.add(25 * mib) },
	} {
		g, now = governed()
		change()
		require.Less(t, g.Target(now, unbound), before, what)
	}
	g, now = governed()
	require.Less(t, g.Target(now, host.Reading{Room: 50 * mib}), before, "others in the cgroup")
}

func TestBudgetFallsAtOnceAndRisesSlowly(t *testing.T) {
	g, now := governed()
	want := g.Target(now, unbound)
	require.Equal(t, want, g.Next(now, unbound, want*2))
	up := g.Next(now, unbound, want/2)
	require.Greater(t, up, want/2)
	require.Less(t, up, want*3/4)
	content := want / 2
	for range 100 {
		content = g.Next(now, unbound, content)
	}
	require.InEpsilon(t, want, content, 0.01)
}

func TestNothingLeftShutsTheGate(t *testing.T) {
	g, now := governed()
	g.Beside.add(60 * mib)
	require.Zero(t, g.Next(now, unbound, 10*mib))
}

func TestWithoutAMemoryLimitTheHeapDoubles(t *testing.T) {
	g, now := governed()
	now.Limit = 64 * mib
	limited := g.Target(now, unbound)
	now.Limit = 1 << 62
	require.Less(t, g.Target(now, unbound), limited)
}
