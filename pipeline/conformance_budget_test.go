package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// resource is a budget with one gate on it.
type resource struct {
	t *testing.T
	b *memacct.Budget
	g *memacct.Gate[*unit]
}

// put puts a unit and reports whether it was let in at once; if not, the error comes later.
func (r *resource) put(bytes int64) (at bool, later chan error) {
	later = make(chan error, 1)
	go func() { later <- r.g.Put(r.t.Context(), &unit{0, bytes}) }()
	synctest.Wait()
	return len(later) == 1, later
}

// in has that one let in at once.
func (r *resource) in(bytes int64) {
	r.t.Helper()
	at, err := r.put(bytes)
	require.True(r.t, at)
	require.NoError(r.t, <-err)
}

// release takes a unit and ends it.
func (r *resource) release() {
	for range r.g.Leases(r.t.Context()) {
		break
	}
	synctest.Wait()
}

// has checks what is in use.
func (r *resource) has(units int, bytes int64) {
	r.t.Helper()
	s := r.b.Stats()
	require.Equal(r.t, units, s.Units)
	require.Equal(r.t, bytes, s.Used)
}

func TestConformanceResourceBudget(t *testing.T) {
	for _, row := range []struct {
		behaviour string
		limit     int64
		capacity  int
		policy    memacct.Policy
		steps     func(r *resource)
	}{
		{"acquire and release items", 100, 10, memacct.Fail(), func(r *resource) {
			r.in(0)
			r.in(0)
			r.has(2, 0)
			r.release()
			r.has(1, 0)
		}},
		{"acquire and release bytes", 100, 10, memacct.Fail(), func(r *resource) {
			r.in(30)
			r.in(20)
			r.has(2, 50)
			r.release()
			r.has(1, 20)
		}},
		{"release never negative: by design a second release is reported and takes nothing", 100, 10, memacct.Fail(), func(r *resource) {
			r.in(30)
			for l := range r.g.Leases(r.t.Context()) {
				l.Release()
				l.Release()
				break
			}
			r.has(0, 0)
			require.EqualValues(r.t, 1, r.b.Stats().Misuse)
		}},
		{"blocks on item limit: by design there is none, and a queue has a capacity", 100, 2, memacct.Fail(), func(r *resource) {
			r.in(1)
			r.in(1)
			at, err := r.put(1)
			require.False(r.t, at)
			r.release()
			require.NoError(r.t, <-err)
		}},
		{"blocks on byte limit", 100, 10, memacct.Fail(), func(r *resource) {
			r.in(60)
			at, err := r.put(50)
			require.False(r.t, at)
			r.release()
			require.NoError(r.t, <-err)
			r.has(1, 50)
		}},
		{"blocks on both", 100, 2, memacct.Fail(), func(r *resource) {
			r.in(60)
			r.in(30)
			at, err := r.put(50) // neither a slot nor memory
			require.False(r.t, at)
			r.release()
			require.NoError(r.t, <-err)
			at, err = r.put(1) // memory, and no slot
			require.False(r.t, at)
			r.release()
			require.NoError(r.t, <-err)
		}},
		{"oversized item allowed when empty: by design only by policy, within its bound", 100, 10, memacct.Overrun(100), func(r *resource) {
			r.in(150)
			r.release()
			_, err := r.put(201)
			require.ErrorIs(r.t, <-err, memacct.ErrOverBudget)
		}},
		{"oversized item refused by default", 100, 10, memacct.Fail(), func(r *resource) {
			_, err := r.put(101)
			require.ErrorIs(r.t, <-err, memacct.ErrOverBudget)
		}},
		{"item allowed over an item limit of 0: a capacity of 0 is one slot", 100, 0, memacct.Fail(), func(r *resource) {
			r.in(1)
			at, err := r.put(1)
			require.False(r.t, at)
			r.release()
			require.NoError(r.t, <-err)
		}},
		{"second item blocks while an oversized one is in flight", 100, 10, memacct.Overrun(100), func(r *resource) {
			r.in(150)
			at, err := r.put(1)
			require.False(r.t, at)
			r.release()
			require.NoError(r.t, <-err)
		}},
	} {
		t.Run(row.behaviour, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, err := memacct.New(memacct.Config{Limit: memacct.Content(row.limit), Policy: row.policy, Logger: slog.New(slog.DiscardHandler)})
				require.NoError(t, err)
				r := &resource{t, b, memacct.NewGate(b.Account("a"), "units", row.capacity, size)}
				row.steps(r)
				r.g.Close()
				r.g.Discard()
				r.has(0, 0)
				require.NoError(t, b.Close(t.Context()))
			})
		})
	}
}

// flush event set when blocked and cleared after release; not set while the budget is free: a batch is handed on early
// under pressure, and only then.
func TestConformanceFlushUnderPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 100)
		cfg.BatchSize, cfg.Depth = 8, 16
		rep, err := Run(t.Context(), cfg, func(ctx context.Context, out *Out[*unit]) error {
			for _, bytes := range []int64{20, 20, 20, 20} {
				if err := out.Put(ctx, &unit{0, bytes}); err != nil {
					return err
				}
			}
			synctest.Wait()
			require.Zero(t, out.gate.Stats().Batches.Total(), "handed on while the budget was free")
			if err := out.Put(ctx, &unit{0, 40}); err != nil { // it waits, and so the four are handed on
				return err
			}
			synctest.Wait()
			require.EqualValues(t, 1, out.gate.Stats().Batches.Pressure)
			for range 7 {
				if err := out.Put(ctx, &unit{0, 1}); err != nil {
					return err
				}
			}
			return nil
		}, InBatches("save", 0, func(context.Context, []*unit) error { return nil }))
		require.NoError(t, err)
		require.Equal(t, memacct.BatchStats{Size: 1, Pressure: 1, Units: 12}, rep.Queues[0].Batches)
		clean()
	})
}

// no limits: never blocks, for 100 units of 1 MB.
func TestConformanceNoLimits(t *testing.T) {
	g := memacct.NewGate[*unit](nil, "units", 100, nil)
	for range 100 {
		require.NoError(t, g.Put(t.Context(), &unit{0, 1e6}))
	}
	require.Equal(t, 100, g.Discard())
}

// 10 concurrent producers and who releases finish.
func TestConformanceConcurrentProducers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 25)
		rep, err := Run(t.Context(), cfg, func(ctx context.Context, out *Out[*unit]) error {
			var all sync.WaitGroup
			failed := make([]error, 10)
			for i := range failed {
				all.Go(func() { failed[i] = emit(20)(ctx, out) })
			}
			all.Wait()
			return errors.Join(failed...)
		}, pass("release"))
		require.NoError(t, err)
		require.EqualValues(t, 200, rep.Ended)
		clean()
	})
}
