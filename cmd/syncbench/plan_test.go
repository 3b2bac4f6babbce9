package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

func TestWeights(t *testing.T) {
	w := weights{last: make([]int64, 3)}
	for _, n := range []int64{1, 9, 2, 3, 8, 4, 1} {
		w.add(n)
	}
	require.Equal(t, weights{units: 7, sum: 28, largest: 9, second: 8, last: []int64{1, 8, 4}, batch: 13, heaviest: 15}, w)
}

// A plan grows with its units, and its parts are the whole.
func TestPlanAddsUp(t *testing.T) {
	last := int64(0)
	// Up to about 20 MiB a unit needs no more than the program does: one of 16 MiB was held in a cgroup of 40.
	for _, largest := range []int64{bytesize.MiB, 48 * bytesize.MiB, 96 * bytesize.MiB} {
		p := new(plan)
		require.NoError(t, p.predict(&weights{units: 10, sum: 2 * largest, largest: largest, second: largest / 2, heaviest: 2 * largest}))
		require.Greater(t, p.Predicted, last)
		require.LessOrEqual(t, p.Low, p.Predicted)
		require.Less(t, p.Predicted, p.High)
		require.Greater(t, p.Predicted, p.Largest+p.Parts.Program)
		parts := p.Parts
		require.InDelta(t, p.Predicted, parts.Program+parts.Files+parts.Units+parts.Heap, float64(2*bytesize.MiB))
		last = p.Predicted
	}
}
