package memacct

import (
	"context"
	"testing"
	"time"

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

func TestLeaseBatchReleasesAndForwardsOneByOne(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	q := NewQueue(a, "later", 10, weight)
	fill(t, g, 1, 2, 3, 4)
	g.Close()
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: 4}) {
		require.Len(t, batch.Units(), 4)
		require.Equal(t, 2, batch.Find(func(l *load) bool { return l.bytes == 3 }))
		require.NoError(t, batch.Forward(t.Context(), 2, q))
		require.ErrorIs(t, batch.Forward(t.Context(), 2, q), ErrReleased)
		require.Equal(t, -1, batch.Find(func(l *load) bool { return l.bytes == 3 }))
		batch.Release(0)
		batch.Release(0)
		require.Equal(t, 2, batch.Left())
		require.Equal(t, int64(9), b.Stats().Used)
		bad := NewQueue(a, "bad", 10, func(*load) int64 { return -1 })
		require.Error(t, batch.ForwardAll(t.Context(), bad))
		require.NoError(t, batch.ForwardAll(t.Context(), q))
		require.Zero(t, batch.Left())
	}
	require.Equal(t, 3, q.Discard())
	empty(t, b)
}

// All units of a batch wait for the slots of a queue whose worker waits for a unit that does not fit.
func TestABatchForwardedOneByOneStallsToo(t *testing.T) {
	for name, forward := range map[string]func(*LeaseBatch[*load], context.Context, *Queue[*load]) error{
		"in turn": func(batch *LeaseBatch[*load], ctx context.Context, q *Queue[*load]) error {
			for i := range batch.Units() {
				if err := batch.Forward(ctx, i, q); err != nil {
					return err
				}
			}
			return nil
		},
		"at once": func(batch *LeaseBatch[*load], ctx context.Context, q *Queue[*load]) (err error) {
			errs := make(chan error)
			for i := range batch.Units() {
				go func() { errs <- batch.Forward(ctx, i, q) }()
			}
			for range batch.Units() {
				err = <-errs
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) { // as TestForwardAllBehindAHeldWorkerStallsTheGate but for the way to forward
				b, a := open(t, 10)
				g, q := NewGate(a, "units", 10, weight), NewQueue(a, "later", 1, weight)
				fill(t, g, 2, 2, 2, 2)
				done := make(chan struct{})
				resolve := later(func() error {
					for l := range q.Leases(t.Context()) {
						l.Park(done)
						<-done
						l.Unpark()
					}
					return nil
				})
				moved := later(func() error {
					defer q.Close()
					for batch := range g.LeaseBatches(t.Context(), Batch{Size: 4}) {
						if err := forward(batch, t.Context(), q); err != nil {
							return err
						}
					}
					return nil
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				err := <-putLater(ctx, g, 3)
				close(done)
				g.Close()
				require.NoError(t, <-moved)
				require.NoError(t, <-resolve)
				require.ErrorIs(t, err, ErrStalled)
				empty(t, b)
			})
		})
	}
}
