package pipeline

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// pass is a stage that does nothing.
func pass(name string) Stage[*unit] {
	return Each(name, func(context.Context, *unit) error { return nil })
}

// A queue is named after the stage that takes from it, wherever it is told of.
func TestQueuesAreNamedAfterWhoTakesTheirUnits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, _ := config(t, 300)
		rep, err := Run(t.Context(), cfg, emit(3), pass("query"), pass("save"))
		require.NoError(t, err)
		require.Equal(t, []string{"query", "save"}, []string{rep.Queues[0].Name, rep.Queues[1].Name})
		require.True(t, rep.Queues[0].Gate)

		_, err = Run(t.Context(), cfg, func(ctx context.Context, out *Out[*unit]) error {
			return out.Put(ctx, &unit{0, 301})
		}, pass("query"), pass("save"))
		var e *memacct.BudgetError
		require.ErrorAs(t, err, &e)
		require.Equal(t, "query", e.Queue)
		var at *StageError
		require.ErrorAs(t, err, &at)
		require.Equal(t, FirstName, at.Stage)
	})
}
