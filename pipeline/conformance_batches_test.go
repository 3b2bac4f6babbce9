package pipeline

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The conformance tables have the behaviours of a known pipeline of content, one a row, and what ours does. Where it
// differs by design the row says so.

// batching is a first stage that acts step by step, before a stage that takes batches.
type batching struct {
	t    *testing.T
	m    *mixed
	ctx  context.Context
	out  *Out[*promise]
	all  []*promise
	seen [][]int
}

// put emits n units.
func (b *batching) put(n int) {
	for range n {
		p := b.m.promise(fmt.Sprint(len(b.all)), nil)
		p.bytes = int64(len(b.all))
		b.all = append(b.all, p)
		require.NoError(b.t, b.out.Put(b.ctx, p))
	}
}

// yielded are the batches so far, once nothing moves any more: a stage that spins would never have that.
func (b *batching) yielded() [][]int {
	synctest.Wait()
	return b.seen
}

func (b *batching) flush() { b.out.gate.Flush() }

// batches runs steps, with batches of size and queues of depth, and returns all batches.
func batches(t *testing.T, size, depth int, steps func(b *batching)) (all [][]int) {
	synctest.Test(t, func(t *testing.T) {
		m := mix(t, 1<<20, 1, depth, size)
		b := &batching{t: t, m: m}
		_, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			b.ctx, b.out = ctx, out
			steps(b)
			return nil
		}, InBatches("take", 0, func(_ context.Context, ps []*promise) error {
			var ns []int
			for _, p := range ps {
				ns = append(ns, int(p.bytes))
				p.Resolve(7)
			}
			b.seen = append(b.seen, ns)
			return nil
		}))
		require.NoError(t, err)
		m.done()
		all = b.seen
	})
	return all
}

func TestConformanceBatches(t *testing.T) {
	for _, row := range []struct {
		behaviour   string
		size, depth int
		steps       func(b *batching)
		want        [][]int
	}{
		{"single batch and none: a full batch and the end", 2, 1, func(b *batching) { b.put(2) }, [][]int{{0, 1}}},
		{"none only: the end alone yields nothing", 1, 1, func(*batching) {}, nil},
		{"batch and single none: the end later yields no empty batch", 2, 1, func(b *batching) {
			b.put(2)
			require.Equal(b.t, [][]int{{0, 1}}, b.yielded())
			time.Sleep(time.Hour)
			require.Len(b.t, b.yielded(), 1)
		}, [][]int{{0, 1}}},
		{"two batches", 2, 1, func(b *batching) {
			b.put(2)
			require.Len(b.t, b.yielded(), 1)
			b.put(2)
		}, [][]int{{0, 1}, {2, 3}}},
		{"thaw queue: an awaited unit has its batch handed on", 4, 1, func(b *batching) {
			b.put(3)
			require.Empty(b.t, b.yielded())
			v, err := b.all[1].Wait(b.ctx)
			require.NoError(b.t, err)
			require.Equal(b.t, 7, v)
			require.Equal(b.t, [][]int{{0, 1, 2}}, b.yielded())
			b.put(1)
		}, [][]int{{0, 1, 2}, {3}}},
		{"flush event yields early", 100, 1, func(b *batching) {
			b.put(1)
			require.Empty(b.t, b.yielded())
			b.flush()
			require.Equal(b.t, [][]int{{0}}, b.yielded())
		}, [][]int{{0}}},
		{"flush event no spin on empty batch", 100, 1, func(b *batching) {
			b.flush()
			require.Empty(b.t, b.yielded())
			time.Sleep(50 * time.Millisecond)
			b.put(1)
			require.Empty(b.t, b.yielded(), "a flush of nothing is over")
		}, [][]int{{0}}},
		{"flush event rearms after yield", 100, 1, func(b *batching) {
			for range 2 {
				b.put(1)
				b.flush()
				b.yielded()
			}
		}, [][]int{{0}, {1}}},
		{"flush event not needed when minsize met; a size is an upper bound, too", 3, 16, func(b *batching) {
			b.put(5)
			require.Equal(b.t, [][]int{{0, 1, 2}}, b.yielded())
		}, [][]int{{0, 1, 2}, {3, 4}}},
	} {
		t.Run(row.behaviour, func(t *testing.T) {
			require.Equal(t, row.want, batches(t, row.size, row.depth, row.steps))
		})
	}
}

// batch queue and min sizes: whatever the sizes of queues and batches, all units arrive, in order, and each batch is as
// large as it can be, and no larger than asked for.
func TestConformanceBatchQueueAndMinSizes(t *testing.T) {
	for num := range 10 {
		for size := 1; size <= 4; size++ {
			for depth := 1; depth <= max(1, num); depth++ {
				got := batches(t, size, depth, func(b *batching) { b.put(num) })
				next := 0
				for _, batch := range got {
					require.Len(t, batch, min(size, num-next), "%d units, batches of %d, depth %d: %v", num, size, depth, got)
					for _, n := range batch {
						require.Equal(t, next, n)
						next++
					}
				}
				require.Equal(t, num, next)
			}
		}
	}
}
