package memacct

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPutWaitsForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		require.NoError(t, g.Put(t.Context(), &load{60}))
		put := make(chan error, 1)
		go func() { put <- g.Put(t.Context(), &load{60}) }()
		synctest.Wait()
		require.Empty(t, put)
		require.Equal(t, int64(60), b.Stats().Waiting)
		require.True(t, b.Stats().Pressure)
		for range g.All(t.Context()) {
			break // ends the first unit: the second fits
		}
		require.NoError(t, <-put)
		g.Close()
		for range g.All(t.Context()) {
		}
		empty(t, b)
	})
}

func TestPutBeyondTheBudgetFailsWhenNothingDrains(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	err := g.Put(t.Context(), &load{101})
	var budget *BudgetError
	require.ErrorAs(t, err, &budget)
	require.ErrorIs(t, err, ErrOverBudget)
	require.Equal(t, TooLarge, budget.Reason)
	require.Equal(t, int64(101), budget.Item)
	require.ErrorContains(t, err, "test/units: a unit of 101 B does not fit")
	empty(t, b)
}

func TestOverrunAdmitsOneAtATimeWithinItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, a := open(t, 100, func(c *Config) { c.Policy = Overrun(50) })
		g := NewGate(a, "units", 10, weight)
		require.NoError(t, g.Put(t.Context(), &load{150}))
		require.ErrorIs(t, func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			return g.Put(ctx, &load{150})
		}(), context.DeadlineExceeded)
		g.Close()
		for range g.All(t.Context()) {
		}
		require.Equal(t, int64(1), b.Stats().Overruns)

		g = NewGate(a, "more", 10, weight)
		require.ErrorIs(t, g.Put(t.Context(), &load{151}), ErrOverBudget)
		empty(t, b)
	})
}

func TestCancelledPutLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		require.NoError(t, g.Put(t.Context(), &load{100}))
		ctx, cancel := context.WithCancel(t.Context())
		put := make(chan error, 1)
		go func() { put <- g.Put(ctx, &load{1}) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-put, context.Canceled)
		g.Discard()
		empty(t, b)
	})
}

func TestPutAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 500, weight)
		units := make([]*load, 300)
		for i := range units {
			units[i] = &load{10}
		}
		go func() {
			defer g.Close()
			n, err := g.PutAll(t.Context(), units...)
			if n != 300 || err != nil {
				t.Error(n, err)
			}
		}()
		seen := 0
		for u := range g.All(t.Context()) {
			require.Same(t, units[seen], u)
			seen++
		}
		require.Equal(t, 300, seen)
		empty(t, b)
	})
}

func TestPutAllStopsAtTheUnitThatFails(t *testing.T) {
	for _, bad := range []int64{-1, 5000} {
		for _, at := range []int{0, 1, 70, 99} {
			b, a := open(t, 1000)
			g := NewGate(a, "units", 500, weight)
			units := make([]*load, 100)
			for i := range units {
				units[i] = &load{1}
			}
			units[at].bytes = bad
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			n, err := g.PutAll(ctx, units...)
			cancel()
			require.Equal(t, at, n)
			require.Error(t, err)
			require.Equal(t, at, g.Discard())
			empty(t, b)
		}
	}
}

func TestPutAllWeighsEachUnitOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		weighed := 0
		g := NewGate(a, "units", 1, func(l *load) int64 { weighed++; return l.bytes })
		units := make([]*load, 1000)
		for i := range units {
			units[i] = &load{1}
		}
		loop := later(func() error {
			for range g.Leases(t.Context()) {
				time.Sleep(time.Microsecond)
			}
			return nil
		})
		_, err := g.PutAll(t.Context(), units...)
		require.NoError(t, err)
		g.Close()
		<-loop
		empty(t, b)
		require.LessOrEqual(t, weighed, 2*len(units))
	})
}
