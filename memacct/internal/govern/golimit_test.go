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
