package memacct

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Puts of goroutines that have no unit in hand say nothing of the stage that works.
func TestAStageThatEmitsFromSeveralGoroutinesWorks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, q := NewGate(a, "units", 4, weight), NewQueue(a, "parts", 1, weight)
		var all sync.WaitGroup
		all.Go(func() {
			defer q.Close()
			for l := range g.All(t.Context()) {
				var parts sync.WaitGroup
				for range 8 {
					parts.Go(func() { _ = q.Put(t.Context(), &load{l.bytes / 100}) })
				}
				parts.Wait()
			}
		})
		all.Go(func() {
			for range q.All(t.Context()) {
				time.Sleep(time.Second)
			}
		})
		for range 5 {
			require.NoError(t, g.Put(t.Context(), &load{60}), "it fits once the one before has ended")
		}
		g.Close()
		all.Wait()
		empty(t, b)
	})
}

func TestTwoWhoCloseABudgetAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		fill(t, g, 10)
		first := later(func() error { return b.Close(t.Context()) })
		second := later(func() error { return b.Close(t.Context()) })
		synctest.Wait()
		g.Discard()
		require.NoError(t, <-first)
		require.NoError(t, <-second)
	})
}

func TestASortedBatchKeepsItsCharges(t *testing.T) {
	b, a := open(t, 1000)
	g, q := NewGate(a, "units", 4, weight), NewQueue(a, "later", 4, weight)
	fill(t, g, 1, 50, 99)
	g.Close()
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: 3}) {
		slices.Reverse(batch.Units())
		require.NoError(t, batch.Forward(t.Context(), 0, q)) // of 99 bytes, which came last
		require.EqualValues(t, 150, b.Stats().Used)
		require.False(t, batch.Has(0))
		require.NoError(t, batch.ForwardAll(t.Context(), q))
	}
	require.LessOrEqual(t, q.Stats().Growth, 1.0, "nothing has grown")
	q.Discard()
	empty(t, b)
}
