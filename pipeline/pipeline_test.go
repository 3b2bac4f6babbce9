package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/memacct"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type unit struct {
	n     int
	bytes int64
}

func size(u *unit) int64 { return u.bytes }

// config returns a pipeline on a budget of that many bytes, and a check that nothing is left charged.
func config(t *testing.T, bytes int64) (Config[*unit], func()) {
	t.Helper()
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(bytes), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return Config[*unit]{Account: b.Account("test"), Size: size, Depth: 4, BatchSize: 50}, func() {
		t.Helper()
		s := b.Stats()
		require.Zero(t, s.Used)
		require.Zero(t, s.Units)
		require.LessOrEqual(t, s.Peak, bytes)
	}
}

// emit is a first stage of n units of 10 bytes.
func emit(n int) FirstStage[*unit] {
	return func(ctx context.Context, out *Out[*unit]) error {
		for i := range n {
			if err := out.Put(ctx, &unit{i, 10}); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestEveryUnitArrivesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 300)
		var seen []int
		rep, err := Run(t.Context(), cfg, emit(1000),
			InBatches("query", 0, func(context.Context, []*unit) error { return nil }),
			Each("look", func(context.Context, *unit) error { return nil }),
			InBatches("save", 0, func(_ context.Context, us []*unit) error {
				for _, u := range us {
					seen = append(seen, u.n)
				}
				return nil
			}))
		require.NoError(t, err)
		require.Len(t, seen, 1000)
		require.IsIncreasing(t, seen)
		require.Equal(t, int64(1000), rep.Units)
		require.Equal(t, int64(1000), rep.Ended)
		require.Zero(t, rep.Dropped)
		clean()
	})
}

// A stage written by hand emits some units, drops others and makes new ones; the charges follow.
type filter struct{ batch int }

func (filter) Name() string { return "filter" }

func (f filter) Run(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
	for us := range in.Batches(ctx, f.batch) {
		for _, u := range us {
			if u.n%2 == 0 {
				continue
			}
			u.bytes++ // it grew
			if err := out.Put(ctx, u); err != nil {
				return err
			}
			if u.n%5 == 0 {
				if err := out.Put(ctx, &unit{-1, 1}); err != nil {
					return err
				}
			}
		}
	}
	return ctx.Err()
}

func TestHandWrittenStage(t *testing.T) {
	for _, batch := range []int{1, 7, 50} {
		synctest.Test(t, func(t *testing.T) {
			cfg, _ := config(t, 300)
			n := 0
			rep, err := Run(t.Context(), cfg, emit(1000), filter{batch}, EachN("count", 3, func(context.Context, *unit) error {
				return nil
			}), Each("last", func(context.Context, *unit) error { n++; return nil }))
			require.NoError(t, err)
			require.Equal(t, 600, n)
			require.Equal(t, int64(600), rep.Ended)
			require.Zero(t, cfg.Account.Stats().Units)
			require.Zero(t, cfg.Account.Stats().Used)
		})
	}
}

func TestFailures(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		first  FirstStage[*unit]
		stage  Stage[*unit]
		stageN string
		want   string
	}{
		"first fails":   {func(context.Context, *Out[*unit]) error { return boom }, pass("s"), "first", "boom"},
		"first panics":  {func(context.Context, *Out[*unit]) error { panic("ouch") }, pass("s"), "first", "panic: ouch"},
		"first Goexits": {func(context.Context, *Out[*unit]) error { runtime.Goexit(); return nil }, pass("s"), "first", "Goexit"},
		"stage fails":   {emit(1000), Each("s", func(_ context.Context, u *unit) error { return boom }), "s", "boom"},
		"stage panics":  {emit(1000), Each("s", func(_ context.Context, u *unit) error { panic("ouch") }), "s", "panic: ouch"},
		"worker panics": {emit(1000), EachN("s", 4, func(_ context.Context, u *unit) error { panic("ouch") }), "s", "panic: ouch"},
		"stage returns early": {
			emit(1000),
			stageFunc{"s", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
				for range in.All(ctx) {
					break
				}
				return nil
			}},
			"s", "returned before its input ended",
		},
		"unit too large": {func(ctx context.Context, out *Out[*unit]) error { return out.Put(ctx, &unit{0, 301}) }, pass("s"), "first", "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, clean := config(t, 300)
				_, err := Run(t.Context(), cfg, c.first, pass("before"), c.stage, pass("behind"))
				require.ErrorContains(t, err, c.want)
				var stage *StageError
				require.ErrorAs(t, err, &stage)
				require.Equal(t, c.stageN, stage.Stage)
				clean()
			})
		})
	}
}

type stageFunc struct {
	name string
	run  func(context.Context, *In[*unit], *Out[*unit]) error
}

func (s stageFunc) Name() string { return s.name }

func (s stageFunc) Run(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
	return s.run(ctx, in, out)
}

func TestCancelEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 300)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := Run(ctx, cfg, emit(1e6), Each("slow", func(ctx context.Context, _ *unit) error {
			time.Sleep(time.Millisecond)
			return nil
		}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		clean()
	})
}

func TestBadConfig(t *testing.T) {
	cfg, _ := config(t, 300)
	_, err := Run(t.Context(), cfg, emit(1))
	require.ErrorContains(t, err, "no stages")
	one := Each("s", func(context.Context, *unit) error { return nil })
	_, err = Run(t.Context(), cfg, nil, one)
	require.ErrorContains(t, err, "the first stage is nil")
	_, err = Run(t.Context(), cfg, emit(1), one, nil)
	require.ErrorContains(t, err, "stage 2 behind the first is nil")
	_, err = Run(t.Context(), cfg, emit(1), pass("a"), pass("b"), pass("a"))
	require.ErrorContains(t, err, `stage 3 is named "a", as stage 1 is`)
	_, err = Run(t.Context(), cfg, emit(1), one, one)
	require.ErrorContains(t, err, `stage 2 is named "s", as stage 1 is`)
	_, err = Run(t.Context(), cfg, emit(1), pass(FirstName))
	require.ErrorContains(t, err, `stage 1 is named "first", as stage 0 is`)
	cfg.Size = nil
	_, err = Run(t.Context(), cfg, emit(1), Each("s", func(context.Context, *unit) error { return nil }))
	require.ErrorContains(t, err, "Size is nil")
	_, err = Run(t.Context(), Config[*unit]{Depth: -1}, emit(1), Each("s", func(context.Context, *unit) error { return nil }))
	require.ErrorContains(t, err, "depth -1")
}

// A first stage that reserves before it reads, and one behind it that may not.
func TestTheFirstStageReserves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 300)
		var read atomic.Int64 // bytes at once in memory
		rep, err := Run(t.Context(), cfg, func(ctx context.Context, out *Out[*unit]) error {
			for range 100 {
				r, err := out.Reserve(ctx, 100)
				if err != nil {
					return err
				}
				require.LessOrEqual(t, read.Add(100), int64(300))
				if err := r.Put(ctx, new(unit)); err != nil { // it weighs less than it might have
					return err
				}
				read.Add(-90)
			}
			return nil
		}, stageFunc{"save", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
			_, err := out.Reserve(ctx, 1)
			require.ErrorIs(t, err, ErrNotFirst)
			for range in.All(ctx) {
				time.Sleep(time.Millisecond)
				read.Add(-10)
			}
			return nil
		}})
		require.NoError(t, err)
		require.EqualValues(t, 100, rep.Units)
		clean()
	})
}

func TestNoAccount(t *testing.T) {
	rep, err := Run(t.Context(), Config[*unit]{Depth: 2}, emit(100), Each("s", func(context.Context, *unit) error { return nil }))
	require.NoError(t, err)
	require.Equal(t, int64(100), rep.Ended)
}

// Two stages that batch share the budget: neither holds on to a batch that the other waits for, and batches
// stay as large as the budget allows.
func TestBatchesUnderPressureStayLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 300) // 30 units; a batch of 50 never fills
		slow := func(context.Context, []*unit) error { time.Sleep(time.Millisecond); return nil }
		rep, err := Run(t.Context(), cfg, emit(1000), InBatches("a", 50, slow), InBatches("b", 50, slow))
		require.NoError(t, err)
		for _, q := range rep.Queues {
			require.GreaterOrEqual(t, q.Batches.Mean(), 0.8*30/2, "%+v", q)
		}
		clean()
	})
}
