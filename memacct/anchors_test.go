package memacct

import (
	"context"
	"sync"
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

// rclone's uploads took one buffer after the other, and when each had some, all waited for the rest; its first
// mend took them for each chunk at once, of which one needed more than there was left beside another.
func TestUploadsThatReserveAllTheirBuffersAtOnceNeverWaitForEachOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "buffers", 100, weight)
		var uploads sync.WaitGroup
		for range 8 {
			uploads.Go(func() {
				for range 5 {
					buffers, err := g.ReserveAll(t.Context(), 3, 3, 1)
					if err != nil {
						t.Error(err)
						return
					}
					time.Sleep(time.Millisecond)
					for _, r := range buffers {
						r.Release()
						r.Release() // twice is harmless
					}
				}
			})
		}
		uploads.Wait()
		empty(t, b)
	})
}

func TestBuffersTakenOneByOneAreToldSo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "buffers", 100, weight)
		var uploads sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			uploads.Go(func() {
				first, err := g.Reserve(t.Context(), 5)
				require.NoError(t, err)
				defer first.Release()
				time.Sleep(time.Millisecond)
				second, err := g.Reserve(t.Context(), 5)
				if errs[i] = err; err == nil {
					second.Release()
				}
			})
		}
		uploads.Wait()
		require.True(t, errs[0] != nil || errs[1] != nil)
		for _, err := range errs {
			if err != nil {
				require.ErrorIs(t, err, ErrNested)
			}
		}
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

func TestReservationSettlesUpDownAndBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 1, weight)
		rs, err := g.ReserveAll(t.Context(), 10, 20, 30)
		require.NoError(t, err)
		require.Equal(t, int64(60), b.Stats().Used)
		require.Equal(t, 3, b.Stats().Units)
		require.NoError(t, rs[0].Put(t.Context(), &load{25})) // grew
		require.Equal(t, int64(75), b.Stats().Used)
		require.ErrorIs(t, rs[0].Put(t.Context(), &load{25}), ErrReleased)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, rs[1].Put(ctx, &load{1}), context.DeadlineExceeded) // no slot
		waiting := later(func() error { return rs[1].Put(t.Context(), &load{1}) })
		require.Empty(t, waiting)
		behind := putLater(t.Context(), g, 1) // a put waits behind a reservation, which holds memory
		for range g.All(t.Context()) {
			break
		}
		require.NoError(t, <-waiting)
		require.Empty(t, behind)
		require.Equal(t, int64(31), b.Stats().Used)
		rs[2].Release()
		require.ErrorIs(t, rs[2].Put(t.Context(), &load{1}), ErrReleased)
		for range g.All(t.Context()) {
			break
		}
		require.NoError(t, <-behind)
		g.Discard()
		_, err = g.Reserve(t.Context(), -1)
		require.Error(t, err)
		none, err := g.ReserveAll(t.Context())
		require.NoError(t, err)
		require.Empty(t, none)
		g.Close()
		_, err = g.Reserve(t.Context(), 1)
		require.ErrorIs(t, err, ErrClosed)
		empty(t, b)
	})
}

func TestReservationOutlivesAPutThatFails(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 1, func(l *load) int64 { return l.bytes })
	r, err := g.Reserve(t.Context(), 10)
	require.NoError(t, err)
	var size *SizeError
	require.ErrorAs(t, r.Put(t.Context(), &load{-1}), &size)
	require.ErrorContains(t, size, "-1 bytes")
	done, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.Put(done, &load{1}), context.Canceled)
	_, err = g.Reserve(done, 1)
	require.ErrorIs(t, err, context.Canceled)
	g.Close()
	require.ErrorIs(t, r.Put(t.Context(), &load{1}), ErrClosed)
	require.Equal(t, int64(10), b.Stats().Used)
	r.Release()
	empty(t, b)
}

func TestHugeReservationsSaturate(t *testing.T) {
	b, a := open(t, 1<<62)
	g := NewGate(a, "units", 1, weight)
	rs, err := g.ReserveAll(t.Context(), 1<<63-1, 1<<63-1, 5)
	require.NoError(t, err)
	require.Positive(t, b.Stats().Used)
	for _, r := range rs {
		r.Release()
	}
	empty(t, b)
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
