package memacct

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// inflate runs units through a stage that makes them thrice as heavy, and returns the budget's peak.
func inflate(t *testing.T, opts ...AccountOption) (peak int64, growth float64) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := open(t, 1000)
		a := b.Account("inflate", opts...)
		g, q := NewGate(a, "gate", 50, weight), NewQueue(a, "queue", 50, weight)
		go func() {
			defer g.Close()
			for range 500 {
				if err := g.Put(t.Context(), &load{10}); err != nil {
					t.Error(err)
				}
			}
		}()
		go func() {
			defer q.Close()
			for batch := range g.LeaseBatches(t.Context(), Batch{Size: 100}) {
				for _, u := range batch.Units() {
					u.bytes *= 3
				}
				if err := batch.ForwardAll(t.Context(), q); err != nil {
					t.Error(err)
				}
			}
		}()
		n := 0
		for batch := range q.Batches(t.Context(), Batch{Size: 100}) {
			n += len(batch)
		}
		require.Equal(t, 500, n)
		peak, growth = b.Stats().Peak, a.Stats().Growth
		empty(t, b)
	})
	return peak, growth
}

func TestGrowthIsDebt(t *testing.T) {
	peak, growth := inflate(t)
	require.Greater(t, peak, int64(1000), "nobody said that units grow")
	require.Zero(t, growth)
}

func TestExpectedGrowthIsChargedAtTheGate(t *testing.T) {
	peak, growth := inflate(t, WithGrowth(3))
	require.LessOrEqual(t, peak, int64(1000))
	require.InDelta(t, 3, growth, 0.01)
}

func TestGrowthIsLearned(t *testing.T) {
	_, growth := inflate(t, WithGrowth(1))
	require.InDelta(t, 3, growth, 0.01)
}

func TestGrowthThatStopsIsForgotten(t *testing.T) {
	b, _ := open(t, 1000)
	a := b.Account("once", WithGrowth(4))
	g, q := NewGate(a, "gate", 50, weight), NewQueue(a, "queue", 50, weight)
	for range 10 * growthMemory {
		require.NoError(t, g.Put(t.Context(), &load{10}))
		for l := range g.Leases(t.Context()) {
			require.NoError(t, l.Forward(t.Context(), q))
			break
		}
		q.Discard()
	}
	require.Less(t, a.Stats().Growth, 1.01)
	empty(t, b)
}

func TestGrowthFactorIsChecked(t *testing.T) {
	require.Panics(t, func() { WithGrowth(0.5) })
}
