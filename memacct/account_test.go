package memacct

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Accounts and queues that come and go while the budget lives on.

func TestCloseNamesUnitsOfAClosedAccount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 40, 30)
		next, stop := leases(t, g)
		l := next()
		l.Detach()
		stop()
		a.Close() // the other one is dropped: nobody takes it
		require.Equal(t, int64(40), b.Stats().Used)
		require.ErrorIs(t, g.Put(t.Context(), &load{1}), ErrClosed)
		require.NotEmpty(t, b.Stats().Queues)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, b.Close(ctx), "test/units has 0 queued (0 B) and 1 in hand")
		l.Release()
		require.Empty(t, b.Stats().Queues)
		empty(t, b)
	})
}

// A sync that failed leaves units in its queues, which nobody will take: with its account they go.
func TestAClosedAccountDropsWhatNobodyTakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		other := b.Account("other")
		g, q := NewGate(a, "units", 10, weight), NewQueue(a, "later", 10, weight)
		fill(t, g, 20, 20, 20)
		step := make(chan struct{})
		loop := later(func() error {
			for l := range g.Leases(t.Context()) {
				if err := l.Forward(t.Context(), q); err != nil {
					return err
				}
				<-step
			}
			return nil
		})
		h := NewGate(other, "units", 10, weight)
		waiting := putLater(t.Context(), h, 60)
		require.Empty(t, waiting)
		a.Close()
		synctest.Wait()
		require.NoError(t, <-waiting, "what was in the queue that no loop takes from is dropped")
		require.Equal(t, 3, b.Stats().Units, "a loop gets what is queued for it")
		step <- struct{}{}
		require.ErrorIs(t, <-loop, ErrClosed)
		require.Equal(t, 1, b.Stats().Units, "it ended, and what it did not take is dropped, too")
		require.ErrorIs(t, NewGate(a, "late", 1, weight).Put(t.Context(), &load{1}), ErrClosed)
		require.ErrorIs(t, NewQueue(a, "late", 1, weight).Put(t.Context(), &load{1}), ErrClosed)
		h.Discard()
		empty(t, b)
	})
}

func TestQueuesThatAreOverAreSummedUp(t *testing.T) {
	b, a := open(t, 1000)
	const runs = 100
	for range runs {
		g := NewGate(a, "units", 4, weight)
		q := NewQueue(a, "later", 4, weight)
		fill(t, g, 1, 1)
		g.Close()
		for batch := range g.LeaseBatches(t.Context(), Batch{Size: 2}) {
			require.NoError(t, batch.ForwardAll(t.Context(), q))
		}
		q.Close()
		require.Equal(t, 2, count(q.All(t.Context())))
	}
	require.LessOrEqual(t, len(a.queues), 2)
	require.NotContains(t, b.Report(), "later", "a report is about what is there")
	live := NewGate(a, "units", 4, weight)
	fill(t, live, 5)
	all := b.Stats().Queues
	require.Len(t, all, 2)
	require.Equal(t, "later", all[0].Name)
	require.Equal(t, int64(2*runs), all[0].Units)
	require.Zero(t, all[0].Queued)
	require.Equal(t, "units", all[1].Name)
	require.Equal(t, int64(2*runs+1), all[1].Units)
	require.Equal(t, int64(runs), all[1].Batches.Total())
	require.Equal(t, 1, all[1].Queued)
	require.Equal(t, all, a.Stats().Queues)
	live.Discard()
	for i := range 2 * mostPast { // names without end
		NewGate(a, string(rune('a'+i)), 1, weight).Close()
	}
	require.LessOrEqual(t, len(b.Stats().Queues), mostPast+2)
	empty(t, b)
}
