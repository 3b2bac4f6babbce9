package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// A first stage that waits for units to be saved before it emits the next never hangs, however deep the queues are,
// however large the batches, and however little memory there is.
func TestAwait(t *testing.T) {
	for _, depth := range []int{1, 2, 7, 1000} {
		for _, batch := range []int{1, 2, 7, 500} {
			for _, limit := range []int64{10, 35, 100_000} {
				for _, builders := range []int{1, 3, 20} {
					t.Run(fmt.Sprintf("depth %d, batch %d, limit %d, %d builders", depth, batch, limit, builders), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { chains(t, depth, batch, limit, builders) })
					})
				}
			}
		}
	}
}

// chains has builders emit six units each, await the last, emit six more, and so on.
func chains(t *testing.T, depth, batch int, limit int64, builders int) {
	cfg, clean := config(t, limit)
	cfg.Depth, cfg.BatchSize = depth, batch
	const rounds, children = 4, 5
	var mu sync.Mutex
	saved := map[*unit]chan struct{}{}
	resolve := func(u *unit) {
		mu.Lock()
		defer mu.Unlock()
		close(saved[u])
	}
	first := func(ctx context.Context, out *Out[*unit]) error {
		failed := make([]error, builders)
		var all sync.WaitGroup
		for b := range builders {
			all.Go(func() {
				for n := 0; n < rounds*(children+1) && failed[b] == nil; n++ {
					u, done := &unit{n, 10}, make(chan struct{})
					mu.Lock()
					saved[u] = done
					mu.Unlock()
					failed[b] = out.Put(ctx, u)
					if n%(children+1) == children && failed[b] == nil {
						failed[b] = out.Await(ctx, done)
					}
				}
			})
		}
		all.Wait()
		return errors.Join(failed...)
	}
	known := Filter("known", 0, func(_ context.Context, units []*unit, drop []bool) error {
		for i, u := range units {
			if drop[i] = u.n%4 == 0; drop[i] {
				resolve(u)
			}
		}
		return nil
	})
	batches := InBatches("batches", 0, func(context.Context, []*unit) error { return nil })
	save := InBatches("save", 0, func(_ context.Context, units []*unit) error {
		for _, u := range units {
			resolve(u)
		}
		return nil
	})
	rep, err := Run(t.Context(), cfg, first, batches, known, byUnit((*Out[*unit]).Put), save)
	require.NoError(t, err)
	require.EqualValues(t, builders*rounds*(children+1), rep.Units)
	clean()
}

// What is waited for is told in the batches, and only the first stage may wait.
func TestAwaitedBatchesAreTold(t *testing.T) {
	cfg, clean := config(t, 10_000)
	done := make(chan struct{})
	first := func(ctx context.Context, out *Out[*unit]) error {
		if err := errors.Join(out.Put(ctx, &unit{1, 10}), out.Await(ctx, done)); err != nil {
			return err
		}
		return errors.Join(out.Await(ctx, done), out.Put(ctx, &unit{2, 10}))
	}
	behind := stageFunc{"behind", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
		require.ErrorIs(t, out.Await(ctx, done), ErrNotFirst)
		for units := range in.Batches(ctx, 500) {
			for _, u := range units {
				if err := out.Put(ctx, u); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	}}
	save := InBatches("save", 500, func(_ context.Context, units []*unit) error {
		if units[0].n == 1 {
			close(done)
		}
		return nil
	})
	rep, err := Run(t.Context(), cfg, first, behind, save)
	require.NoError(t, err)
	require.EqualValues(t, 1, rep.Queues[0].Batches.Awaited)
	require.EqualValues(t, 1, rep.Queues[1].Batches.Awaited)
	require.EqualValues(t, 1, rep.Queues[1].Batches.End)
	clean()
}

// A wait ends with its context, and says why.
func TestAwaitEndsWithItsContext(t *testing.T) {
	cfg, clean := config(t, 10_000)
	broken := errors.New("broken")
	_, err := Run(t.Context(), cfg, func(ctx context.Context, out *Out[*unit]) error {
		return errors.Join(out.Put(ctx, &unit{1, 10}), out.Await(ctx, nil))
	}, InBatches("save", 500, func(context.Context, []*unit) error { return broken }))
	require.ErrorIs(t, err, broken)
	clean()
}
