package pipeline

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What the known pipeline's tests leave open. A stage that is there twice is in TestBadConfig; units that are awaited and
// were dropped, or before they are put, are in the tests of futures.

// items: one by one, in order; a stage that emits in order keeps it, behind batches of other sizes as well.
func TestConformanceOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 100)
		var seen []int
		_, err := Run(t.Context(), cfg, emit(500), InBatches("sevens", 7, func(context.Context, []*unit) error { return nil }),
			stageFunc{"items", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
				for u := range in.All(ctx) {
					if err := out.Put(ctx, u); err != nil {
						return err
					}
				}
				return ctx.Err()
			}}, InBatches("threes", 3, func(_ context.Context, us []*unit) error {
				for _, u := range us {
					seen = append(seen, u.n)
				}
				return nil
			}))
		require.NoError(t, err)
		require.Len(t, seen, 500)
		require.True(t, slices.IsSorted(seen))
		clean()
	})
}

// put(None): from the first stage, on a reservation, from a stage behind it.
func TestConformanceNilUnit(t *testing.T) {
	for name, first := range map[string]FirstStage[*unit]{
		"put": func(ctx context.Context, out *Out[*unit]) error { return out.Put(ctx, nil) },
		"reserved": func(ctx context.Context, out *Out[*unit]) error {
			r, err := out.Reserve(ctx, 10)
			if err != nil {
				return err
			}
			defer r.Release()
			return r.Put(ctx, nil)
		},
		"built": func(ctx context.Context, out *Out[*unit]) error {
			u := out.Building(ctx)
			defer u.Release()
			return errors.Join(u.Weighs(10), u.Put(ctx, nil))
		},
		"behind": emit(1),
	} {
		t.Run(name, func(t *testing.T) {
			cfg, clean := config(t, 100)
			_, err := Run(t.Context(), cfg, first, stageFunc{"nil", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
				for range in.All(ctx) {
					return out.Put(ctx, nil)
				}
				return nil
			}}, pass("end"))
			require.ErrorIs(t, err, ErrNil)
			clean()
		})
	}
	require.True(t, isNil[any](nil))
	require.True(t, isNil[any]((*unit)(nil)))
	require.False(t, isNil[any](unit{}))
	require.False(t, isNil(0))
}

// exception, panic, Goexit, cancellation, an early return, an error of the budget: the run ends, with that error, what was
// queued is dropped and told, and the accounting is at 0.
func TestConformanceEveryEnd(t *testing.T) {
	broken := errors.New("broken")
	at := func(n int, act func() error) func(context.Context, *unit) error {
		return func(_ context.Context, u *unit) error {
			if u.n == n {
				return act()
			}
			return nil
		}
	}
	for name, row := range map[string]struct {
		fn   func(context.Context, *unit) error
		want string
	}{
		"end":    {at(-1, nil), ""},
		"error":  {at(7, func() error { return broken }), `stage "act": broken`},
		"panic":  {at(7, func() error { panic("oops") }), `stage "act": panic: oops`},
		"Goexit": {at(7, func() error { runtime.Goexit(); return nil }), "Goexit"},
		"cancel": {at(7, func() error { time.Sleep(time.Hour); return nil }), "context canceled"},
	} {
		for _, workers := range []int{1, 3} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg, clean := config(t, 100)
					ctx, cancel := context.WithCancel(t.Context())
					defer time.AfterFunc(time.Minute, cancel).Stop()
					rep, err := Run(ctx, cfg, emit(40), InBatches("before", 3, func(context.Context, []*unit) error { return nil }),
						EachN("act", workers, row.fn), InBatches("behind", 5, func(context.Context, []*unit) error { return nil }))
					if row.want == "" {
						require.NoError(t, err)
						require.EqualValues(t, 40, rep.Ended)
						require.Zero(t, rep.Dropped)
					} else {
						require.ErrorContains(t, err, row.want)
						require.Less(t, rep.Ended, int64(40))
					}
					clean()
				})
			})
		}
	}
}

// A stage that ignores cancel: the run waits for it, and returns the error that came first.
func TestConformanceAStageIgnoresCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 100)
		start := time.Now()
		broken := errors.New("broken")
		_, err := Run(t.Context(), cfg, emit(40), Each("deaf", func(_ context.Context, u *unit) error {
			if u.n > 0 {
				time.Sleep(time.Hour)
			}
			return nil
		}), Each("fails", func(context.Context, *unit) error { time.Sleep(time.Second); return broken }))
		require.ErrorIs(t, err, broken)
		require.Equal(t, time.Hour, time.Since(start))
		clean()
	})
}

// The first error counts, and what others fail with because of it does not.
func TestConformanceTheFirstErrorCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 100)
		broken := errors.New("broken")
		_, err := Run(t.Context(), cfg, emit(40), Each("later", func(ctx context.Context, _ *unit) error {
			<-ctx.Done()
			return errors.New("because of the other")
		}), stageFunc{"sooner", func(context.Context, *In[*unit], *Out[*unit]) error { return broken }})
		require.Equal(t, &StageError{"sooner", broken}, err)
		clean()
	})
}

// end of the last stage: what it emits, and what it does not, has ended; nothing fills up behind it.
func TestConformanceEndStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, emits := range []bool{true, false} {
			cfg, clean := config(t, 30)
			rep, err := Run(t.Context(), cfg, emit(1000), stageFunc{"last", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
				for u := range in.All(ctx) {
					if emits {
						if err := out.Put(ctx, u); err != nil {
							return err
						}
					}
				}
				return ctx.Err()
			}})
			require.NoError(t, err)
			require.EqualValues(t, 1000, rep.Ended)
			clean()
		}
	})
}

// early-return stage: units would be lost, and nobody waits for ever.
func TestConformanceEarlyReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, takes := range []bool{true, false} {
			cfg, clean := config(t, 30)
			_, err := Run(t.Context(), cfg, emit(1000), pass("before"), stageFunc{"early", func(ctx context.Context, in *In[*unit], _ *Out[*unit]) error {
				if takes {
					for range in.All(ctx) {
						break
					}
				}
				return nil
			}}, pass("behind"))
			require.ErrorIs(t, err, ErrUndrained)
			clean()
		}
	})
}

// live-object ceiling: with all the memory there is, a stage that batches has one batch in hand and one before it, and
// each queue as many as its depth.
func TestConformanceLiveObjects(t *testing.T) {
	for _, size := range []int{1, 10, 500} {
		synctest.Test(t, func(t *testing.T) {
			cfg, clean := config(t, 1<<40)
			cfg.Depth, cfg.BatchSize = 1, size
			most := 0
			_, err := Run(t.Context(), cfg, emit(3000), InBatches("save", 0, func(context.Context, []*unit) error {
				synctest.Wait()
				most = max(most, cfg.Account.Stats().Units)
				return nil
			}))
			require.NoError(t, err)
			require.Equal(t, 2*size, most)
			clean()
		})
	}
}
