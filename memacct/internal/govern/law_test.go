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

// after is a reading so much later, with so much allocated and so much time spent on marking meanwhile.
func after(now host.Sample, passed time.Duration, allocs int64, marking float64) host.Sample {
	now.At = now.At.Add(passed)
	now.Allocs += allocs
	now.MarkCPU += marking
	now.Cycles++
	return now
}

// While the collector marks the program goes on: what it allocates then must have room. Marking runs on a quarter of the
// processors, so its time tells how long it took.
func TestWhatIsAllocatedWhileTheCollectorMarks(t *testing.T) {
	g, now := governed()
	g.Observe(now, 0, 0)
	require.Zero(t, g.surge.most(), "nothing was before")
	next := after(now, time.Second, 100*mib, 0.05) // 0.1 s on half a processor
	g.Observe(next, 0, 0)
	require.InDelta(t, 10*mib, g.surge.most(), 1)

	g, _ = governed()
	g.Observe(now, 0, 0)
	next.Cycles++ // the same in two collections
	g.Observe(next, 0, 0)
	require.InDelta(t, 5*mib, g.surge.most(), 1)

	next = after(next, time.Millisecond, mib, 0.05) // the last reading came late: a millisecond can't have 0.1 s of it
	g.Observe(next, 0, 0)
	require.InDelta(t, 5*mib, g.surge.most(), 1)

	next = after(next, -time.Second, 0, 0) // a clock that was set back
	g.Observe(next, 0, 0)
	require.InDelta(t, 5*mib, g.surge.most(), 1)
}

// How far the runtime goes past its own limit is remembered for some seconds, and then forgotten.
func TestALimitThatWasPassedIsRemembered(t *testing.T) {
	g, now := governed()
	now.Mapped = now.Limit + 5*mib
	g.Observe(now, 0, 0)
	require.EqualValues(t, 5*mib, g.Past)
	now.Mapped = now.Limit - mib
	for range pastMemory {
		g.Observe(now, 0, 0)
	}
	require.InEpsilon(t, 5*float64(mib)/math.E, g.Past, 0.02)
}

// A cycle without a unit says nothing of the next one: the largest of late is still to be expected.
func TestTheNextUnitIsAsLargeAsTheLargest(t *testing.T) {
	g, now := governed()
	g.Observe(now, 0, 7*mib)
	for range 100 {
		g.Observe(now, 0, 0)
	}
	require.EqualValues(t, 7*mib, g.built.most())
}

// What is resident and unknown to Go takes room, but not what Go gave back and has again, nor what can't be told.
func TestMemoryOutsideGo(t *testing.T) {
	g, now := governed()
	now.RSS, now.Mapped = 30*mib, 20*mib
	require.EqualValues(t, 10*mib, g.Beyond(now))
	now.Refilled = 4 * mib
	require.EqualValues(t, 6*mib, g.Beyond(now))
	now.Refilled = 40 * mib
	require.Zero(t, g.Beyond(now))
	g.Observe(host.Sample{RSS: 30 * mib, Mapped: 20 * mib}, 0, 0)
	require.EqualValues(t, 10*mib, g.Beyond(now), "it was so a moment ago")
	before := g.outside.most()
	g.Observe(host.Sample{Mapped: 20 * mib}, 0, 0)
	require.Equal(t, before, g.outside.most(), "the kernel did not tell")
}

// Another limit begins with what was learned under the last one, and with no more content than that allows.
func TestANewLimitKnowsWhatTheLastOneLearned(t *testing.T) {
	old, now := governed()
	old.Observe(now, 0, 3*mib)
	old.Beside.add(30 * mib)
	old.outside.add(5 * mib)
	old.Past = 40 * mib
	for _, steers := range []bool{true, false} {
		g := &Law{Process: 64 * mib, Content: 50 * mib, Last: now}
		g.Inherit(old, steers)
		require.Equal(t, old.Beside, g.Beside)
		require.Equal(t, old.outside, g.outside)
		require.Equal(t, old.built, g.built)
		require.EqualValues(t, 8*mib, g.Past, "no more than an eighth of the limit")
		if steers {
			require.Less(t, g.Content, 30*mib)
			require.GreaterOrEqual(t, g.Content, int64(0))
		} else {
			require.EqualValues(t, 50*mib, g.Content)
		}
	}
	g := &Law{Process: 8 * mib, Content: 5 * mib, Last: now}
	g.Inherit(old, true)
	require.Zero(t, g.Content, "nothing is left")
}

// What a unit needs beside what lives: room for what is allocated meanwhile, up to a sixteenth, and for what is lost.
func TestWhatTheProcessNeeds(t *testing.T) {
	g, now := governed()
	now.RSS = now.Mapped
	bare := g.Need(now, 10*mib)
	require.InDelta(t, float64(10*mib+now.NonHeap)+fragmentation*float64(g.Process), float64(bare), 2)
	g.surge.add(mib)
	require.EqualValues(t, bare+mib, g.Need(now, 10*mib))
	g.surge.add(50 * mib)
	require.EqualValues(t, bare+4*mib, g.Need(now, 10*mib), "a sync that crawls beats none")
	now.RSS += 3 * mib
	require.EqualValues(t, bare+7*mib, g.Need(now, 10*mib))
}

// A Go limit binds a little above the process limit, too, for the governor leaves as much free.
func TestWhenAGoLimitBinds(t *testing.T) {
	g, _ := governed()
	require.True(t, g.Binding(60*mib, 64*mib))
	require.True(t, g.Binding(68*mib, 64*mib))
	require.False(t, g.Binding(68*mib+1, 64*mib))
	require.False(t, g.Binding(math.MaxInt64, 64*mib))
}

// What the heap needs beyond the code that is locked in memory is the code's room, and before that something for files.
func TestTheHeapNeedsTheRoomOfLockedCode(t *testing.T) {
	g, _ := governed()
	locked := host.Reading{Most: 40 * mib, Locked: 20 * mib}
	require.False(t, g.NeedsCode(locked, 36*mib))
	require.True(t, g.NeedsCode(locked, 36*mib+1))
	require.False(t, g.NeedsCode(host.Reading{Most: 40 * mib}, 50*mib), "there is nothing to let go of")
}

// Several budgets have an equal part each, and more as far as nobody else wants it.
func TestDivide(t *testing.T) {
	for name, c := range map[string]struct {
		content int64
		others  []int64
		want    int64
	}{
		"alone":                                {90, nil, 90},
		"alone in debt":                        {-10, nil, -10},
		"others hold nothing":                  {90, []int64{0, 0}, 90},
		"others hold their part":               {90, []int64{30, 30}, 30},
		"others hold more than their part":     {90, []int64{70, 50}, 30},
		"one holds little":                     {90, []int64{5, 50}, 55},
		"there is nothing to divide":           {0, []int64{10}, 0},
		"less than nothing, which stays as is": {-20, []int64{10}, -20},
	} {
		require.Equal(t, c.want, Divide(c.content, c.others, len(c.others)+1), name)
	}
	// Whatever they hold: if each takes what it may, all together take no more than there is.
	for a := int64(0); a <= 120; a += 7 {
		mine := Divide(100, []int64{a}, 2)
		require.GreaterOrEqual(t, mine, int64(50))
		if a >= 50 {
			require.Equal(t, int64(50), mine)
		} else {
			require.LessOrEqual(t, mine+a, int64(100))
		}
	}
}
