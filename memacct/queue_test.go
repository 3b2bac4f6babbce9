package memacct

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// load is a unit that weighs what it says.
type load struct{ bytes int64 }

func weight(l *load) int64 { return l.bytes }

// open returns a budget of that many bytes of content with one account on it.
func open(t *testing.T, bytes int64, change ...func(*Config)) (*Budget, *Account) {
	t.Helper()
	cfg := Config{Limit: Content(bytes), Logger: slog.New(slog.DiscardHandler), RestoreGoLimit: true}
	for _, c := range change {
		c(&cfg)
	}
	b, err := New(cfg)
	require.NoError(t, err)
	return b, b.Account("test")
}

// empty checks that nothing is accounted any more.
func empty(t *testing.T, b *Budget) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	require.NoError(t, b.Close(ctx))
	s := b.Stats()
	require.Zero(t, s.Used)
	require.Zero(t, s.Units)
	require.Zero(t, s.Waiting)
	require.Zero(t, s.Waiters)
}

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

func TestUnitStaysChargedUntilItsLoopBodyEnds(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	for range 3 {
		require.NoError(t, g.Put(t.Context(), &load{10}))
	}
	g.Close()
	left := int64(30)
	for range g.All(t.Context()) {
		require.Equal(t, left, b.Stats().Used)
		left -= 10
	}
	empty(t, b)
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

func TestPressureHandsOnThePartialBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 500, weight)
		go func() {
			defer g.Close()
			for range 30 {
				if err := g.Put(t.Context(), &load{10}); err != nil {
					t.Error(err)
				}
			}
		}()
		seen := 0
		for batch := range g.Batches(t.Context(), Batch{Size: 500}) {
			seen += len(batch)
		}
		require.Equal(t, 30, seen)
		s := b.Stats().Queues[0].Batches
		require.Positive(t, s.Pressure)
		require.GreaterOrEqual(t, s.Mean(), 6.0)
		empty(t, b)
	})
}

func TestClosedGateRefuses(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 1, weight)
	g.Close()
	err := g.Put(t.Context(), &load{1})
	require.ErrorIs(t, err, ErrClosed)
	require.EqualError(t, err, "memacct: test/units: closed")
	empty(t, b)
	late := NewGate(a, "late", 1, weight)
	require.ErrorIs(t, late.Put(t.Context(), &load{1}), ErrClosed)
}

func TestCloseRefusesWaitingPuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 1, weight)
		require.NoError(t, g.Put(t.Context(), &load{1}))
		put := make(chan error, 1)
		go func() { put <- g.Put(t.Context(), &load{1}) }()
		synctest.Wait()
		g.Close()
		require.ErrorIs(t, <-put, ErrClosed)
		require.Equal(t, 1, g.Discard())
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

func TestNilAccountIsAPlainQueue(t *testing.T) {
	var a *Account
	g := NewGate(a, "units", 2, func(*load) int64 { panic("never called") })
	q := NewQueue[*load](a, "later", 2, nil)
	require.NoError(t, g.Put(t.Context(), &load{1 << 60}))
	g.Close()
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: 1}) {
		require.NoError(t, batch.ForwardAll(t.Context(), q))
	}
	require.Equal(t, 1, q.Len())
	require.Zero(t, a.Stats())
	a.Charge(5)()
	a.Close()
}

func TestSizesThatLie(t *testing.T) {
	b, a := open(t, 100)
	var size *SizeError
	negative := NewGate(a, "negative", 1, func(*load) int64 { return -1 })
	require.ErrorAs(t, negative.Put(t.Context(), &load{}), &size)
	panics := NewGate(a, "panics", 1, func(*load) int64 { panic("no size") })
	require.ErrorAs(t, panics.Put(t.Context(), &load{}), &size)
	require.ErrorContains(t, size, "no size")
	require.Contains(t, size.Where, " queue_test.go:")
	require.PanicsWithValue(t, "memacct: this queue was not made by NewGate or NewQueue", func() { _ = new(Gate[*load]).Put(t.Context(), nil) })
	huge := NewGate(a, "huge", 1, func(*load) int64 { return 1<<63 - 1 })
	require.ErrorIs(t, huge.Put(t.Context(), &load{}), ErrOverBudget)
	down := NewQueue(a, "down", 3, func(*load) int64 { return 1<<63 - 1 })
	for range 3 { // never waits for memory, whatever the debt
		require.NoError(t, down.Put(t.Context(), &load{}))
	}
	require.Positive(t, b.Stats().Debt)
	down.Discard()
	empty(t, b)
}

func TestBadConstruction(t *testing.T) {
	_, a := open(t, 100)
	require.Panics(t, func() { NewGate(a, "g", -1, weight) })
	require.Panics(t, func() { NewGate[*load](a, "g", 1, nil) })
	require.Panics(t, func() { WithFloor(-1) })
	require.Panics(t, func() { WithWeight(0) })
	_, err := New(Config{Limit: Content(0)})
	require.Error(t, err)
	_, err = New(Config{Limit: Process(1)})
	require.ErrorContains(t, err, "too small")
	_, err = New(Config{Limit: Share(2)})
	require.Error(t, err)
	_, err = New(Config{Policy: Overrun(-1)})
	require.Error(t, err)
}

func TestNestedPutIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		require.NoError(t, g.Put(t.Context(), &load{100}))
		for range g.All(t.Context()) {
			err := g.Put(t.Context(), &load{1})
			require.ErrorIs(t, err, ErrNested)
			require.ErrorContains(t, err, "memacct: test/units: the put waits for memory that its own goroutine holds")
			break
		}
		r, err := g.Reserve(t.Context(), 100)
		require.NoError(t, err)
		require.ErrorIs(t, g.Put(t.Context(), &load{1}), ErrNested)
		r.Release()
		empty(t, b)
	})
}

func TestShadowCountsAndNeverWaits(t *testing.T) {
	b, a := open(t, 100, func(c *Config) { c.Mode = Shadow })
	g := NewGate(a, "units", 10, weight)
	for range 3 {
		require.NoError(t, g.Put(t.Context(), &load{60}))
	}
	require.Equal(t, int64(2), b.Stats().WouldWait)
	require.Equal(t, int64(180), b.Stats().Used)
	g.Discard()
	empty(t, b)
}

func TestBudgetErrorIsNotStalled(t *testing.T) {
	require.False(t, errors.Is(&BudgetError{Reason: TooLarge}, ErrStalled))
	require.ErrorIs(t, &BudgetError{Reason: Stalled}, ErrStalled)
}

// A loop that is alone takes units ahead of its body. What it has not begun when it ends goes back, in order.
func TestUnitsTakenAheadGoBack(t *testing.T) {
	for _, leave := range []string{"break", "cancel"} {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 100, func(*int) int64 { return 10 })
		for i := range 40 {
			require.NoError(t, g.Put(t.Context(), &i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		next := 0
		for v := range g.All(ctx) {
			require.Equal(t, next, *v)
			if next++; next == 20 {
				cancel()
				if leave == "break" {
					break
				}
			}
		}
		cancel()
		require.Equal(t, 20, g.Len(), leave)
		require.Equal(t, int64(200), b.Stats().Used, leave)
		g.Close()
		for v := range g.All(t.Context()) {
			require.Equal(t, next, *v)
			next++
		}
		require.Equal(t, 40, next)
		empty(t, b)
	}
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
