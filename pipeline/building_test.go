package pipeline

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// What a reader tells of the unit that it builds is charged before the unit is there, and no longer.
func TestBuildingInTheFirstStage(t *testing.T) {
	cfg, clean := config(t, 100)
	used := func() int64 { return cfg.Account.Stats().Used }
	first := func(ctx context.Context, out *Out[*unit]) error {
		u := out.Building(ctx)
		defer u.Release()
		if err := errors.Join(u.Weighs(30), u.Weighs(60)); err != nil {
			return err
		}
		require.EqualValues(t, 60, used())
		if err := u.Put(ctx, &unit{1, 40}); err != nil {
			return err
		}
		return u.Weighs(101)
	}
	behind := stageFunc{"behind", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
		u := out.Building(ctx)
		defer u.Release()
		require.ErrorIs(t, u.Weighs(1), ErrNotFirst)
		require.ErrorIs(t, u.Put(ctx, &unit{1, 40}), ErrNotFirst)
		for range in.All(ctx) {
		}
		return nil
	}}
	_, err := Run(t.Context(), cfg, first, behind)
	var e *memacct.BudgetError
	require.ErrorAs(t, err, &e)
	require.EqualValues(t, 101, e.Item)
	clean()
}
