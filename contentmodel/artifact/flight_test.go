package artifact

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// asking asks for n bytes in a goroutine of its own; the lease comes when they are there.
func asking(t *testing.T, f *flight, n int64) <-chan *lease {
	got := make(chan *lease, 1)
	go func() {
		l, err := f.acquire(t.Context(), n)
		if err == nil {
			got <- l
		}
	}()
	synctest.Wait()
	return got
}

// TestFlight: what fits is let in, in the order of asking, and what fits nowhere is let in alone.
func TestFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{bound: 100}
		first := <-asking(t, f, 60)
		large, small := asking(t, f, 1000), asking(t, f, 10)
		require.Empty(t, large)
		require.Empty(t, small, "it does not overtake")
		first.release()
		first.release()
		synctest.Wait()
		require.Empty(t, small, "the large one is alone")
		(<-large).release()
		(<-small).release()
		require.Zero(t, f.used)
		require.Zero(t, f.leases)
	})
}

// TestFlightGrows: an unknown size counts what it has by now, and keeps others out by it.
func TestFlightGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{bound: 100}
		unknown := <-asking(t, f, 0)
		huge := asking(t, f, 1<<62)
		require.Empty(t, huge, "somebody is there, if with no byte")
		unknown.grow(150)
		require.EqualValues(t, 150, f.used)
		unknown.shrink(0)
		unknown.grow(20)
		unknown.release()
		l := <-huge
		require.Equal(t, int64(mostClaimed), f.used)
		l.release()
		require.Zero(t, f.used)
	})
}

// TestFlightCancel: who gives up leaves nothing behind, and those behind it move up.
func TestFlightCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{bound: 100}
		first := <-asking(t, f, 60)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := f.acquire(ctx, 90)
			gone <- err
		}()
		synctest.Wait()
		behind := asking(t, f, 40)
		cancel()
		require.ErrorIs(t, <-gone, context.Canceled)
		second := <-behind
		first.release()
		second.release()
		require.Zero(t, f.used)
		require.Zero(t, f.leases)
	})
}
