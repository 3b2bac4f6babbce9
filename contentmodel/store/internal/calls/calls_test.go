package calls_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/internal/calls"
)

// TestClose: it waits for what runs and for what waits for its turn, and meanwhile nothing new begins or waits.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := calls.New()
		reading, err := c.Begin(t.Context())
		require.NoError(t, err)
		writing, err := c.BeginSave(t.Context())
		require.NoError(t, err)
		var got []string
		go func() {
			end, err := c.BeginSave(t.Context())
			require.NoError(t, err)
			got = append(got, "second save")
			end()
		}()
		synctest.Wait()
		failure := errors.New("disk error")
		closes := make(chan error, 2)
		for range 2 {
			go func() {
				closes <- c.Close(func() error { got = append(got, "freed"); return failure })
			}()
		}
		synctest.Wait()
		for _, begin := range []func(context.Context) (func(), error){c.Begin, c.BeginSave} {
			_, err = begin(t.Context())
			require.ErrorIs(t, err, store.ErrClosed)
		}
		reading()
		synctest.Wait()
		require.Empty(t, closes)
		require.Empty(t, got)
		writing()
		synctest.Wait()
		require.Equal(t, []string{"second save", "freed"}, got)
		require.ElementsMatch(t, []error{nil, failure}, []error{<-closes, <-closes})
	})
}

// TestTurn: one who waits for the turn and gives up leaves it to the next.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := calls.New()
		first, err := c.BeginSave(t.Context())
		require.NoError(t, err)
		_, err = c.Begin(t.Context()) // reading needs no turn
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { synctest.Wait(); cancel() }()
		_, err = c.BeginSave(ctx)
		require.ErrorIs(t, err, context.Canceled)
		first()
		second, err := c.BeginSave(t.Context())
		require.NoError(t, err)
		second()
		_, err = c.Begin(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
}
