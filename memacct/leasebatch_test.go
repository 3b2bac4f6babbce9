package memacct

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// inOneBatch has body run over one batch of units of these sizes, and nothing be left of it afterwards.
func inOneBatch(t *testing.T, sizes []int64, body func(b *Budget, batch *LeaseBatch[*load], q *Queue[*load])) {
	t.Helper()
	b, a := open(t, 100)
	g, q := NewGate(a, "units", 10, weight), NewQueue(a, "later", 10, weight)
	fill(t, g, sizes...)
	g.Close()
	batches := 0
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: len(sizes)}) {
		batches++
		body(b, batch, q)
	}
	require.Equal(t, 1, batches)
	q.Discard()
	empty(t, b)
}

// taken are the sizes of what is in a queue.
func taken(t *testing.T, q *Queue[*load]) (sizes []int64) {
	q.Close()
	for l := range q.All(t.Context()) {
		sizes = append(sizes, l.bytes)
	}
	return sizes
}

func TestFilterDropsAndPassesTheRest(t *testing.T) {
	inOneBatch(t, []int64{1, 2, 3, 4}, func(b *Budget, batch *LeaseBatch[*load], q *Queue[*load]) {
		require.NoError(t, batch.Filter(t.Context(), []bool{true, false, true, false}, q))
		require.EqualValues(t, 6, b.Stats().Used)
		require.Zero(t, batch.Left())
		require.Equal(t, []int64{2, 4}, taken(t, q), "in order")
	})
	inOneBatch(t, []int64{1, 2}, func(b *Budget, batch *LeaseBatch[*load], q *Queue[*load]) {
		require.NoError(t, batch.Filter(t.Context(), []bool{true, true}, q))
		require.Zero(t, b.Stats().Used)
		require.Zero(t, q.Len())
	})
}

// Without a queue what is left stays in hand, to be forwarded one by one.
func TestFilterWithoutAQueue(t *testing.T) {
	inOneBatch(t, []int64{1, 2, 3, 4}, func(b *Budget, batch *LeaseBatch[*load], q *Queue[*load]) {
		require.NoError(t, batch.Filter(t.Context(), []bool{true, false, false, false}, nil))
		require.Equal(t, 3, batch.Left())
		require.False(t, batch.Has(0))
		require.True(t, batch.Has(1))
		require.NoError(t, batch.Filter(t.Context(), []bool{true, true, false, false}, nil), "what is gone is not dropped again")
		require.EqualValues(t, 7, b.Stats().Used)
		require.NoError(t, batch.Pass(t.Context(), 3, q))
		require.EqualValues(t, 7, b.Stats().Used, "in two queues, and charged once each")
		require.Equal(t, 1, batch.Left())
	})
}

// A mistake, or an end, drops nothing: the caller may try again, or give up.
func TestFilterThatFailsDropsNothing(t *testing.T) {
	inOneBatch(t, []int64{1, 2, 3}, func(b *Budget, batch *LeaseBatch[*load], q *Queue[*load]) {
		require.ErrorContains(t, batch.Filter(t.Context(), []bool{true, true}, q), "units: Filter: 2 marks for a batch of 3 units")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, batch.Filter(ctx, []bool{true, true, true}, q), context.Canceled)
		require.Equal(t, 3, batch.Left())
		require.EqualValues(t, 6, b.Stats().Used)
	})
}

// A unit that could not be forwarded is in hand as before, and can go elsewhere.
func TestAUnitThatCouldNotBeForwardedStays(t *testing.T) {
	inOneBatch(t, []int64{1, 2}, func(b *Budget, batch *LeaseBatch[*load], q *Queue[*load]) {
		over := NewQueue(q.a, "over", 10, weight)
		over.Close()
		require.ErrorIs(t, batch.Forward(t.Context(), 0, over), ErrClosed)
		require.ErrorIs(t, batch.Pass(t.Context(), 0, over), ErrClosed)
		require.ErrorIs(t, batch.ForwardAll(t.Context(), over), ErrClosed)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, batch.Forward(ctx, 0, q), context.Canceled)
		require.ErrorIs(t, batch.Pass(ctx, 0, q), context.Canceled)
		bad := NewQueue(q.a, "bad", 10, func(*load) int64 { panic("no size") })
		var size *SizeError
		require.ErrorAs(t, batch.Forward(t.Context(), 0, bad), &size)
		require.Equal(t, "no size", size.Panic)
		require.Equal(t, 2, batch.Left())
		require.EqualValues(t, 3, b.Stats().Used)
		require.NoError(t, batch.ForwardAll(t.Context(), q))
		require.Equal(t, 2, q.Len())
	})
}

// A batch that somebody kept beyond its loop body has nothing in hand, whatever is asked of it.
func TestABatchBeyondItsLoopBody(t *testing.T) {
	var kept *LeaseBatch[*load]
	b, a := open(t, 100)
	g, q := NewGate(a, "units", 10, weight), NewQueue(a, "later", 10, weight)
	fill(t, g, 1, 2, 3)
	g.Close()
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: 2}) {
		if kept == nil {
			kept = batch
			require.Equal(t, 2, batch.Left())
			continue
		}
		require.Equal(t, 1, batch.Left())
	}
	require.Zero(t, kept.Left())
	require.False(t, kept.Has(0))
	require.Equal(t, -1, kept.Find(func(*load) bool { return true }))
	require.ErrorIs(t, kept.Forward(t.Context(), 0, q), ErrReleased)
	require.ErrorIs(t, kept.Pass(t.Context(), 0, q), ErrReleased)
	require.NoError(t, kept.ForwardAll(t.Context(), q), "nothing is left")
	kept.Release(0)
	require.Zero(t, q.Len())
	empty(t, b)
}

// A unit that another goroutine forwards is not the loop's to end: where that is given up after the loop has gone on, the
// unit ends there, once.
func TestAForwardThatOutlivesTheBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, q := NewGate(a, "units", 10, weight), NewQueue(a, "full", 1, weight)
		require.NoError(t, q.Put(t.Context(), &load{50}))
		fill(t, g, 1, 2)
		g.Close()
		ctx, cancel := context.WithCancel(t.Context())
		var forwarded chan error
		for batch := range g.LeaseBatches(t.Context(), Batch{Size: 2}) {
			forwarded = later(func() error { return batch.Forward(ctx, 0, q) })
			require.Equal(t, 1, batch.Left())
		}
		require.EqualValues(t, 51, b.Stats().Used, "it is on its way")
		cancel()
		require.ErrorIs(t, <-forwarded, context.Canceled)
		require.EqualValues(t, 50, b.Stats().Used)
		q.Discard()
		empty(t, b)
	})
}
