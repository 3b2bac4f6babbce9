package memacct

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

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

func TestLostReservationIsFoundNamedAndGivenBack(t *testing.T) {
	b, a, log := logged(t)
	g := NewGate(a, "units", 10, weight)
	line := func() int { // makes three and settles one
		_, _, line, _ := runtime.Caller(0)
		_, err := g.Reserve(t.Context(), 40)
		require.NoError(t, err)
		rs, err := g.ReserveAll(t.Context(), 10, 20)
		require.NoError(t, err)
		require.NoError(t, rs[1].Put(t.Context(), &load{15}))
		return line
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		return b.Stats().Units == 1
	}, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return b.Stats().Misuse == 2 }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return strings.Count(log(), "was lost") == 2 }, 10*time.Second, time.Millisecond)
	require.Equal(t, int64(15), b.Stats().Used)
	require.Contains(t, log(), "a reservation of 40 B was lost, made at")
	for i := range 2 {
		require.Contains(t, log(), inThisFile(line+1+2*i))
	}
	require.NotContains(t, log(), "20 B")
	g.Discard()
	empty(t, b)
}

func TestAReservationIsNotHeldUpByThoseWhoNeedASlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 1, weight)
		fill(t, g, 1) // no slot is left, and 999 bytes are
		var puts []chan error
		for range 5 {
			r, err := g.Reserve(t.Context(), 10)
			require.NoError(t, err)
			r.Detach()
			puts = append(puts, later(func() error { return r.Put(t.Context(), &load{10}) }))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r, err := g.Reserve(ctx, 10)
		if err == nil {
			r.Release()
		}
		for range puts {
			g.Discard()
			synctest.Wait()
		}
		for _, p := range puts {
			<-p
		}
		g.Discard()
		require.NoError(t, err)
		empty(t, b)
	})
}

func TestALostReservationIsFoundWhereNoCollectionComes(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	b, a := open(t, 100, func(c *Config) { c.StallAfter = 50 * time.Millisecond })
	g := NewGate(a, "units", 10, weight)
	r, err := g.Reserve(t.Context(), 100)
	require.NoError(t, err)
	r.Detach() // and lost
	r = nil
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, g.Put(ctx, &load{50}))
	g.Discard()
	empty(t, b)
}

func TestSettlingAReservationIsNoSecondWait(t *testing.T) {
	b, a := open(t, 10, func(c *Config) { c.Mode = Shadow })
	g := NewGate(a, "units", 10, weight)
	r, err := g.Reserve(t.Context(), 20)
	require.NoError(t, err)
	require.NoError(t, r.Put(t.Context(), &load{20}))
	require.Equal(t, int64(1), b.Stats().WouldWait)
	g.Discard()
	empty(t, b)
}
