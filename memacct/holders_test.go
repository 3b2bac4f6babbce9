package memacct

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// ways are all ways to take from a gate. Each calls got with what it took, until the gate is closed and drained.
var ways = []struct {
	name string
	take func(ctx context.Context, g *Gate[int], got func(...int))
}{
	{"All", func(ctx context.Context, g *Gate[int], got func(...int)) {
		for v := range g.All(ctx) {
			got(v)
		}
	}},
	{"Leases", func(ctx context.Context, g *Gate[int], got func(...int)) {
		for l := range g.Leases(ctx) {
			got(l.Value())
		}
	}},
	{"Batches of 1", func(ctx context.Context, g *Gate[int], got func(...int)) {
		for b := range g.Batches(ctx, Batch{Size: 1}) {
			got(b...)
		}
	}},
	{"Batches of 5", func(ctx context.Context, g *Gate[int], got func(...int)) {
		for b := range g.Batches(ctx, Batch{Size: 5}) {
			got(b...)
		}
	}},
	{"LeaseBatches", func(ctx context.Context, g *Gate[int], got func(...int)) {
		for b := range g.LeaseBatches(ctx, Batch{Size: 3}) {
			got(b.Units()...)
		}
	}},
}

// Whatever the queue's capacity, the way its units are taken, and by how many loops: each comes once, and in
// order where one loop takes them all.
func TestEachUnitComesOnceAndInOrder(t *testing.T) {
	const units = 100
	var all []int
	for i := range units {
		all = append(all, i+1)
	}
	for _, way := range ways {
		for _, capacity := range []int{0, 1, 2, 3, 4, 7, 8, 9, 31, 256} {
			for _, loops := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s/%d slots/%d loops", way.name, capacity, loops), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						b, a := open(t, 40)
						g := NewGate(a, "units", capacity, func(int) int64 { return 1 })
						var mu sync.Mutex
						var got []int
						var ends sync.WaitGroup
						for range loops {
							ends.Go(func() {
								way.take(t.Context(), g, func(vs ...int) {
									mu.Lock()
									got = append(got, vs...)
									mu.Unlock()
								})
							})
						}
						for _, v := range all {
							require.NoError(t, g.Put(t.Context(), v))
						}
						g.Close()
						ends.Wait()
						if loops > 1 {
							slices.Sort(got)
						}
						require.Equal(t, all, got)
						empty(t, b)
					})
				})
			}
		}
	}
}
