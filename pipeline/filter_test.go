package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// odd drops every other unit.
func odd(_ context.Context, units []*unit, drop []bool) error {
	for i, u := range units {
		if drop[i] {
			return errors.New("a mark of the batch before")
		}
		drop[i] = u.n%2 == 0
	}
	return nil
}

func TestFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 300)
		var seen []int
		rep, err := Run(t.Context(), cfg, emit(1001),
			Filter("odd", 0, odd),
			Each("look", func(_ context.Context, u *unit) error { seen = append(seen, u.n); return nil }))
		require.NoError(t, err)
		require.Len(t, seen, 500)
		require.IsIncreasing(t, seen)
		require.EqualValues(t, 500, rep.Ended)
		require.EqualValues(t, 500, rep.Queues[1].Units)
		clean()
	})
}

func TestFilterAsTheLastStageCountsWhatItKeeps(t *testing.T) {
	cfg, clean := config(t, 300)
	rep, err := Run(t.Context(), cfg, emit(100), Filter("odd", 7, odd))
	require.NoError(t, err)
	require.EqualValues(t, 50, rep.Ended)
	clean()
}

func TestFilterThatFailsEndsTheRun(t *testing.T) {
	cfg, clean := config(t, 300)
	broken := errors.New("broken")
	_, err := Run(t.Context(), cfg, emit(100), Filter("odd", 0, func(context.Context, []*unit, []bool) error { return broken }),
		Each("look", func(context.Context, *unit) error { return nil }))
	require.ErrorIs(t, err, broken)
	clean()
}

func TestOneUnitEmittedTwiceGoesOnTwice(t *testing.T) {
	for name, last := range map[string]bool{"to a queue": false, "at the end": true} {
		t.Run(name, func(t *testing.T) {
			cfg, clean := config(t, 300)
			seen := 0
			stages := []Stage[*unit]{stageFunc{"twice", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
				for units := range in.Batches(ctx, 3) {
					for range 2 {
						for _, u := range units {
							if err := out.Put(ctx, u); err != nil {
								return err
							}
						}
					}
				}
				return ctx.Err()
			}}}
			if !last {
				stages = append(stages, Each("look", func(context.Context, *unit) error { seen++; return nil }))
			}
			rep, err := Run(t.Context(), cfg, emit(30), stages...)
			require.NoError(t, err)
			if last {
				require.EqualValues(t, 30, rep.Ended)
			} else {
				require.EqualValues(t, 60, rep.Ended)
				require.Equal(t, 60, seen)
			}
			clean()
		})
	}
}
