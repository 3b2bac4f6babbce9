package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/sizer"
)

// Every number of bytes is in the step that begins at it or below, and below the beginning of the next.
func TestSteps(t *testing.T) {
	last := -1
	for n := int64(0); n < 5000; n++ {
		step := stepOf(n)
		require.Contains(t, []int{last, last + 1}, step, n)
		require.LessOrEqual(t, stepFrom(step), n)
		require.Greater(t, stepFrom(step+1), n)
		last = step
	}
	require.Less(t, stepOf(math.MaxInt64), len(sizes{}.steps))
	require.Zero(t, stepOf(-1), "no size function of ours answers that, but nothing may break")
}

func TestSizesNamesTheHeaviest(t *testing.T) {
	spec, err := synth.Parse("rpm-mixed,units=200")
	require.NoError(t, err)
	var s sizes
	var bytes, most int64
	for u, err := range spec.Units(t.Context()) {
		require.NoError(t, err)
		n := sizer.Of(u)
		bytes, most = bytes+n, max(most, n)
		require.Equal(t, n, s.weigh(u))
	}
	var r result
	s.addTo(&r)
	require.Equal(t, kindSizes{200, bytes, most}, *r.Kinds["rpm"])
	require.Len(t, r.Heaviest, mostHeavy)
	require.Equal(t, most, r.Heaviest[0].Bytes)
	units := int64(0)
	for i, s := range r.Sizes {
		units += s.Units
		if i > 0 {
			require.Greater(t, s.From, r.Sizes[i-1].From)
		}
	}
	require.EqualValues(t, 200, units)
	for i, h := range r.Heaviest[1:] {
		require.LessOrEqual(t, h.Bytes, r.Heaviest[i].Bytes)
	}
}
