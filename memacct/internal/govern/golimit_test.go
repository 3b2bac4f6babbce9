package govern

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// The Go limit is never below what lives and a collection need, and never above what leaves room for what is outside.
func TestTheGoLimitLeavesRoomForWhatLives(t *testing.T) {
	const process = 128 * mib
	for name, c := range map[string]struct {
		live, outside, surge int64
		least, most          float64 // parts of the process limit
	}{
		"hardly anything lives":          {5 * mib, 0, 2 * mib, 0.90, 0.95},
		"much is allocated meanwhile":    {5 * mib, 0, 30 * mib, 0.70, 0.75},
		"and much lives":                 {93 * mib, 0, 30 * mib, 0.83, 0.90},
		"hardly fits":                    {105 * mib, 0, 30 * mib, 0.899, 0.901},
		"does not fit":                   {140 * mib, 0, 40 * mib, 1.25, 1.28},
		"much is outside":                {20 * mib, 64 * mib, 2 * mib, 0.40, 0.45},
		"all of it is outside":           {5 * mib, 200 * mib, 2 * mib, 0.09, 0.11},
		"what lives leaves it no choice": {60 * mib, 64 * mib, 2 * mib, 0.55, 0.57},
	} {
		g := &Law{Process: process}
		g.surge.add(c.surge)
		g.outside.add(c.outside)
		now := host.Sample{Live: c.live, NonHeap: 4 * mib}
		part := float64(g.goLimitFor(now, host.Reading{Room: process, Most: process})) / float64(process)
		require.GreaterOrEqual(t, part, c.least, name)
		require.LessOrEqual(t, part, c.most, name)
	}
}

// A collector at the end of its limit is past it because of what lives: that is no reason for a lower one.
func TestWhatLivesTeachesNoLowerGoLimit(t *testing.T) {
	g := &Law{Process: 128 * mib}
	over := host.Sample{Limit: 100 * mib, Mapped: 110 * mib, Live: 93 * mib, NonHeap: 4 * mib}
	g.Observe(over, 0, 0)
	require.Zero(t, g.Past)
	over.Live = 50 * mib
	g.Observe(over, 0, 0)
	require.EqualValues(t, 10*mib, g.Past)
}

// Small changes are left alone, so that the collector keeps its pace: a cut from a hundredth on, a raise from a fiftieth.
func TestTheGoLimitKeepsItsPace(t *testing.T) {
	g := &Law{Process: 100 * mib}
	kernel := host.Reading{Room: 100 * mib, Most: 100 * mib}
	now := host.Sample{Live: 5 * mib, NonHeap: 4 * mib, Mapped: 20 * mib, RSS: 20 * mib}
	first := g.LimitGo(now, kernel)
	require.EqualValues(t, 95*mib, first)
	now.RSS += mib - 1
	require.Equal(t, first, g.LimitGo(now, kernel))
	now.RSS += 2
	require.Less(t, g.LimitGo(now, kernel), first-mib)
	now.RSS -= mib
	require.Less(t, g.LimitGo(now, kernel), first-mib, "a raise of less than two parts in a hundred")
	now.RSS -= 2 * mib
	require.Less(t, g.LimitGo(now, kernel), first)
	kernel.Room = 50 * mib
	require.Less(t, g.LimitGo(now, kernel), 50*mib, "others in the cgroup count at once")
}

// The Go limit that stays after a budget is the part that is commonly recommended, as far as others leave it, and what
// lives at the end leaves no less than it needs.
func TestTheGoLimitAtTheEnd(t *testing.T) {
	const process = 100 * mib
	for name, c := range map[string]struct {
		live, room, outside int64
		want                float64 // MiB
	}{
		"hardly anything lives":        {mib, process, 0, 90},
		"the cgroup leaves less":       {mib, 60 * mib, 0, 57},
		"much is outside Go":           {mib, process, 40 * mib, 55},
		"and what lives needs more":    {64 * mib, process, 40 * mib, 72},
		"what lives would need it all": {120 * mib, process, 90 * mib, 90},
	} {
		g := &Law{Process: process}
		g.outside.add(c.outside)
		got := g.GoLimitAtEnd(host.Sample{Live: c.live}, host.Reading{Room: c.room, Most: process})
		require.InDelta(t, c.want, float64(got)/float64(mib), 0.1, name)
	}
}
