package memacct

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Bugs that others who limit memory have had, as schedules that this package must survive.

func TestItemAboveTheLimitIsRefusedFromTheStart(t *testing.T) { // OTel 12928, and x/sync: n > size waits for ever
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		require.ErrorIs(t, g.Put(t.Context(), &load{101}), ErrOverBudget)
		_, err := g.Reserve(t.Context(), 101)
		require.ErrorIs(t, err, ErrOverBudget)
		_, err = g.ReserveAll(t.Context(), 60, 41)
		require.ErrorIs(t, err, ErrOverBudget)
		fill(t, g, 100)
		put := putLater(t.Context(), g, 101) // it waits its turn, and is refused when all is drained
		require.Empty(t, put)
		g.Discard()
		require.ErrorIs(t, <-put, ErrOverBudget)
		fill(t, g, 100)
		g.Discard()
		empty(t, b)
	})
}

func TestItemAboveTheLimitDoesNotComeBackForEver(t *testing.T) { // OTel 12893: it was queued again and again
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100, func(c *Config) { c.Policy = Overrun(10) })
		g := NewGate(a, "units", 10, weight)
		var refused, passed int
		done := later(func() error { passed = count(g.Batches(t.Context(), Batch{Size: 5})); return nil })
		for _, n := range []int64{50, 111, 110, 50, 112} {
			if g.Put(t.Context(), &load{n}) != nil {
				refused++
			}
		}
		g.Close()
		<-done
		require.Equal(t, 2, refused)
		require.Positive(t, passed)
		require.Equal(t, int64(2), b.Stats().Refused)
		require.Equal(t, int64(1), b.Stats().Overruns)
		empty(t, b)
	})
}

func TestCloseWhileManyAreBlockedWakesThemAll(t *testing.T) { // OTel 15747: shutdown with blocked producers
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 1, weight)
		q := NewQueue(a, "later", 1, weight)
		fill(t, g, 90)
		require.NoError(t, q.Put(t.Context(), &load{1}))
		var waits []chan error
		for range 10 {
			waits = append(waits, putLater(t.Context(), g, 50), later(func() error { return q.Put(t.Context(), &load{1}) }),
				later(func() error { _, err := g.Reserve(t.Context(), 50); return err }))
		}
		g.Close()
		q.Close()
		for _, w := range waits {
			require.ErrorIs(t, <-w, ErrClosed)
		}
		g.Discard()
		q.Discard()
		empty(t, b)
	})
}

func TestLimitDownAndUpKeepsTheDebt(t *testing.T) { // Syncthing: Take(10), SetCapacity(5), SetCapacity(10)
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 100, weight)
		fill(t, g, 10)
		require.NoError(t, b.SetLimit(Content(5)))
		require.Equal(t, int64(5), b.Stats().Debt)
		put := putLater(t.Context(), g, 5)
		require.NoError(t, b.SetLimit(Content(10)))
		synctest.Wait()
		require.Empty(t, put) // nothing is free: the 10 are still held
		require.Zero(t, b.Stats().Debt)
		require.NoError(t, b.SetLimit(Content(15)))
		require.NoError(t, <-put) // admitted by the change itself
		require.Error(t, b.SetLimit(Content(0)))
		g.Discard()
		empty(t, b)
	})
}

func TestSeveralAtOnceLeakNothingWhenCancelled(t *testing.T) { // Syncthing's MultiSemaphore kept the first
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 100, weight)
		fill(t, g, 6)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := g.ReserveAll(ctx, 4, 4)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, int64(6), b.Stats().Used)
		require.Equal(t, 1, b.Stats().Units)
		g.Discard()
		empty(t, b)
	})
}

func TestLoggerMayUseTheBudget(t *testing.T) { // Spark: spill called under the manager's lock
	bubble(t, func(t *testing.T) {
		var b *Budget
		b, a := open(t, 100, func(c *Config) {
			c.Policy = Overrun(100)
			c.Logger = slogTo(func() {
				if b != nil {
					b.Stats()
				}
			})
		})
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 150) // an overrun, which is logged
		next, stop := leases(t, g)
		l := next()
		l.Release()
		l.Release() // misuse, which is logged
		stop()
		empty(t, b)
	})
}

func TestFastPathAllocatesNothing(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 16, weight)
	q := NewQueue(a, "later", 16, weight)
	unit := &load{10}
	fill(t, g, 10)
	q.Discard()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_ = g.Put(t.Context(), unit)
		g.Discard()
	}))
	require.NoError(t, q.Put(t.Context(), unit))
	q.Discard()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_ = q.Put(t.Context(), unit)
		q.Discard()
	}))
	empty(t, b)
}
