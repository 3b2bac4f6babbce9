package memacct

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
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

func TestChanIsReceivedInASelect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		units, tick := g.Chan(t.Context()), time.NewTicker(time.Second)
		defer tick.Stop()
		put := later(func() error {
			for i := range 5 {
				time.Sleep(700 * time.Millisecond)
				if err := g.Put(t.Context(), &load{int64(10 * i)}); err != nil {
					return err
				}
			}
			g.Close()
			return nil
		})
		got, ticks := 0, 0
		for units != nil {
			select {
			case l, ok := <-units:
				if !ok {
					units = nil
					break
				}
				require.EqualValues(t, 10*got, l.Value().bytes)
				require.EqualValues(t, 10*got, b.Stats().Used)
				got++
				l.Release()
			case <-tick.C:
				ticks++
			}
		}
		require.NoError(t, <-put)
		require.Equal(t, 5, got)
		require.Equal(t, 3, ticks)
		empty(t, b)
	})
}

// What nobody received when the context ends is released, and the goroutine is gone, or the bubble would not end.
func TestChanEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		q := NewQueue(a, "units", 10, weight)
		for range 3 {
			require.NoError(t, q.Put(t.Context(), &load{10}))
		}
		ctx, cancel := context.WithCancel(t.Context())
		units := q.Chan(ctx)
		first := <-units
		synctest.Wait()
		require.EqualValues(t, 30, b.Stats().Used)
		cancel()
		synctest.Wait()
		_, ok := <-units
		require.False(t, ok)
		require.EqualValues(t, 20, b.Stats().Used, "the one that was ahead is released")
		first.Release()
		require.Equal(t, 1, q.Discard())
		empty(t, b)
	})
}

// A lease that was received and lost is found, and named by the line that asked for the channel.
func TestAReceivedLeaseThatIsLostIsFound(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	fill(t, g, 10)
	g.Close()
	for range g.Chan(t.Context()) {
	}
	require.Eventually(t, func() bool {
		runtime.GC()
		return len(eventsOf(b, EventLeak)) > 0
	}, 10*time.Second, time.Millisecond)
	require.Contains(t, eventsOf(b, EventLeak)[0].Text, "queue_test.go:")
	empty(t, b)
}

func TestEitherQueueWillDo(t *testing.T) {
	b, a := open(t, 100)
	send := func(s Sender[*load]) {
		defer s.Close()
		require.NoError(t, s.Put(t.Context(), &load{1}))
	}
	receive := func(r Receiver[*load]) { require.Equal(t, 1, count(r.All(t.Context()))) }
	g, q := NewGate(a, "gate", 1, weight), NewQueue(a, "queue", 1, weight)
	send(g)
	send(q)
	receive(g)
	receive(q)
	empty(t, b)
}

// sender is somebody's own, of which nothing is known but how to put.
type sender struct{ Sender[*load] }

func TestExpectedUnitsOfAllGates(t *testing.T) {
	b, a := open(t, 100)
	one, two := NewGate(a, "one", 1, weight), NewGate(a, "two", 1, weight)
	one.Expect(10)
	two.Expect(5)
	one.Expect(20)
	require.EqualValues(t, 25, b.toCome())
	two.Expect(0)
	require.EqualValues(t, 20, b.toCome())
	fill(t, one, 1)
	require.Equal(t, 1, one.Discard())
	require.EqualValues(t, 19, b.toCome())
	NewGate[*load](nil, "none", 1, nil).Expect(3)
	empty(t, b)
}
