package memacct

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
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

// The limit may be an operator's, and the floors are the program's: those that do not fit shrink, and it is told.
func TestFloorsThatDoNotFitShrink(t *testing.T) {
	b, _ := open(t, 100)
	b.Account("all", WithFloor(100))
	require.Empty(t, eventsOf(b, EventAlarm))
	one := b.Account("one", WithFloor(300))
	told := eventsOf(b, EventAlarm)
	require.Len(t, told, 1)
	require.Equal(t, "the floors of all accounts are 400 B together, more than the 100 B that Content(100) leaves for content: they shrink in proportion; set more (for example Content(1 << 20))", told[0].Text)
	require.EqualValues(t, 25, b.Stats().Accounts[1].Floor)
	require.EqualValues(t, 75, b.Stats().Accounts[2].Floor)
	one.Close()
	require.EqualValues(t, 100, b.Stats().Accounts[1].Floor)
	b.Account("none")
	require.Len(t, eventsOf(b, EventAlarm), 1)
	for range 3 {
		b.Account("huge", WithFloor(1<<63-1))
	}
	empty(t, b)
}

// The example in the error is one that works.
func TestALimitThatLeavesRoomForTheFloors(t *testing.T) {
	b, err := newOn(hostOf(0, 0, 8<<30).host(), Config{Limit: Process(200 * mib), GoLimit: GoLimitSet, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	b.Account("floor", WithFloor(64*mib))
	err = b.SetLimit(Process(100 * mib))
	require.ErrorContains(t, err, "less than the floors of all accounts, 64.0 MiB together; set more (for example Process(")
	var n int64
	_, err = fmt.Sscanf(err.Error()[strings.Index(err.Error(), "(for example"):], "(for example Process(%d << 20))", &n)
	require.NoError(t, err)
	require.NoError(t, b.SetLimit(Process(n*mib)))
	require.Less(t, n, int64(170), "and not much more than is needed")
	empty(t, b)
}
