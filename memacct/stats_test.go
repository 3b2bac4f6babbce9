package memacct

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBatchFigures(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 5, weight)
	fill(t, g, 1, 1, 1, 1, 1)
	g.Close()
	require.Zero(t, g.Stats().Batches.Mean())
	require.Equal(t, 3, count(g.Batches(t.Context(), Batch{Bytes: 2}))) // Size 0 is the capacity
	s := g.Stats().Batches
	require.Equal(t, int64(5), s.Add(s).Units/2)
	require.Equal(t, int64(3), s.Total())
	require.Equal(t, 5./3, s.Mean())
	require.Equal(t, BatchStats{Size: 1, Bytes: 1, End: 1, Units: 5}, s)
	empty(t, b)
}
