package govern

import (
	"testing"

	"github.com/stretchr/testify/require"
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
