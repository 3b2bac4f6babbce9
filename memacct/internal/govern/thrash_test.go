package govern

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestThrashIsToldOnceAnOnset(t *testing.T) {
	g, now := governed()
	now.At, now.Live, now.Goal = time.Now(), 40*mib, 44*mib
	told, text := 0, ""
	cycle := func(share float64) {
		now.At = now.At.Add(500 * time.Millisecond)
		now.Cycles++
		now.GCCPU += share * 0.5 * float64(now.Procs)
		g.GC.add(now)
		if e, yes := g.Thrash(now); yes {
			told++
			text = e.Text
			require.Equal(t, thrashes, e.Kind)
			require.Contains(t, e.Text, "raise the limit to")
			require.Greater(t, g.roomy(now), g.Process)
		}
	}
	for range 30 {
		cycle(0.1)
	}
	require.Zero(t, told)
	require.False(t, g.GC.Holds(now.At))
	require.InDelta(t, 0.1, g.GC.Share, 0.001)
	for range 60 {
		cycle(0.6)
	}
	require.Equal(t, 1, told)
	require.True(t, g.GC.Holds(now.At))
	require.False(t, g.GC.Holds(now.At.Add(thrashStale)), "nothing was collected any more")
	require.Regexp(t, `held only by collecting garbage nearly all the time: [2-6][0-9]% of all CPU goes there, with`, text)
	for range 30 {
		cycle(0.05)
	}
	require.False(t, g.GC.Holds(now.At))
	now.Limiter = now.Cycles // the runtime gives up: at once
	cycle(0.05)
	require.Equal(t, 2, told)
	require.Contains(t, text, "held only for now: collecting garbage took half of the processor, and so the Go runtime let its memory limit go for a moment, with")
	require.True(t, g.GC.Limited)
	require.True(t, g.GC.Holds(now.At))
	for range 20 {
		cycle(0.05)
	}
	require.False(t, g.GC.Limited)
	for range 4 { // coming and going: twice a minute at most
		for range 10 {
			cycle(0.6)
		}
		for range 20 {
			cycle(0.05)
		}
	}
	require.Equal(t, 4, told)
	now.Goal = 68 * mib // as the governor has it with a budget full of content, and a higher limit would hold more
	for range 200 {
		cycle(0.6)
	}
	require.Equal(t, 4, told)
}

// A spiral names what took the memory, and not only that it is gone.
func TestASpiralNamesWhatGrowsBesideTheContent(t *testing.T) {
	g, now := governed()
	now.NonHeap, now.Stacks, now.Buckets = 6*mib, mib, mib
	g.GC.add(now)
	for range 3 {
		g.Beside.add(5 * mib)
	}
	now.NonHeap, now.Stacks, now.Buckets = 30*mib, 20*mib, 9*mib
	now.Mapped, now.RSS = 50*mib, 53*mib
	require.Equal(t, "; beside the content there are 20.0 MiB of goroutine stacks, 1.0 MiB at first, and "+
		"9.0 MiB of profiling buckets (a call stack each: recursion makes many; runtime.MemProfileRate = 0 makes none), 1.0 MiB at first, and "+
		"5.0 MiB of live heap that is no content, and 3.0 MiB outside Go", g.parts(now).text(g.GC.first, 64*mib))
	require.Empty(t, g.parts(now).text(g.GC.first, 1<<30), "none is worth a word")
}
