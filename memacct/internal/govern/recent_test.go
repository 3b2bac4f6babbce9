package govern

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

func TestMedianForgetsOutliers(t *testing.T) {
	var r recent
	require.Zero(t, r.Median())
	for _, v := range []int64{5, 5, 900, 5, -7, 5, 5, 5, 5} {
		r.add(v)
	}
	require.Equal(t, int64(5), r.Median())
	require.Equal(t, int64(900), r.most())
}

// Of what fluctuates the last eight count: the largest, the middle, and what two in a row have reached.
func TestRecent(t *testing.T) {
	for name, c := range map[string]struct {
		in                   []int64
		most, median, lately int64
	}{
		"none":                     {nil, 0, 0, 0},
		"one is not two in a row":  {[]int64{5}, 5, 5, 0},
		"a rise counts at the 2nd": {[]int64{1, 9}, 9, 9, 1},
		"and then it does":         {[]int64{1, 9, 8}, 9, 8, 8},
		"less than nothing is 0":   {[]int64{-4, -4}, 0, 0, 0},
		"old ones are forgotten":   {[]int64{100, 1, 2, 3, 4, 5, 6, 7, 8}, 8, 5, 7},
	} {
		var r recent
		for _, v := range c.in {
			r.add(v)
		}
		require.Equal(t, [3]int64{c.most, c.median, c.lately}, [3]int64{r.most(), r.Median(), r.lately()}, name)
	}
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
