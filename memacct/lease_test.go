package memacct

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// loops are all ways to consume a gate.
var loops = map[string]func(context.Context, *Gate[*load], func() bool){
	"All": func(ctx context.Context, g *Gate[*load], body func() bool) {
		for range g.All(ctx) {
			if !body() {
				return
			}
		}
	},
	"Batches": func(ctx context.Context, g *Gate[*load], body func() bool) {
		for range g.Batches(ctx, Batch{Size: 2}) {
			if !body() {
				return
			}
		}
	},
	"Leases": func(ctx context.Context, g *Gate[*load], body func() bool) {
		for range g.Leases(ctx) {
			if !body() {
				return
			}
		}
	},
	"LeaseBatches": func(ctx context.Context, g *Gate[*load], body func() bool) {
		for range g.LeaseBatches(ctx, Batch{Size: 2}) {
			if !body() {
				return
			}
		}
	},
	"parked Leases": func(ctx context.Context, g *Gate[*load], body func() bool) {
		for l := range g.Leases(ctx) {
			l.Park(nil)
			if !body() {
				return
			}
		}
	},
	"nested": func(ctx context.Context, g *Gate[*load], body func() bool) {
		for range g.All(ctx) {
			for range g.Leases(ctx) {
				if !body() {
					return
				}
			}
		}
	},
}

func TestLeaseMovesItsCharge(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	q := NewQueue(a, "later", 10, func(l *load) int64 { return l.bytes * 2 })
	fill(t, g, 10, 20, 30)
	next, stop := leases(t, g)
	l := next()
	require.Equal(t, int64(10), l.Bytes())
	l.Value().bytes = 15
	require.NoError(t, l.Resize())
	require.Equal(t, int64(65), b.Stats().Used)
	l.Value().bytes = 5
	require.NoError(t, l.Resize())
	require.Equal(t, int64(55), b.Stats().Used)
	require.Equal(t, int64(5), g.Stats().InHandBytes)

	part, err := l.Split(&load{7})
	require.NoError(t, err)
	require.Equal(t, int64(62), b.Stats().Used)
	require.Equal(t, 4, b.Stats().Units)
	require.NoError(t, l.Forward(t.Context(), q)) // 5 to 10
	require.Equal(t, int64(67), b.Stats().Used)
	require.NoError(t, part.Forward(t.Context(), q)) // 7 to 14
	require.Equal(t, int64(74), b.Stats().Used)
	require.Equal(t, 4, b.Stats().Units)

	detached := next()
	detached.Detach()
	detached.Detach() // again is harmless
	next().Release()
	stop()
	require.Equal(t, int64(44), b.Stats().Used)
	detached.Value().bytes = 1
	require.NoError(t, detached.Resize())
	require.Equal(t, int64(25), b.Stats().Used)
	detached.Release()
	require.Equal(t, int64(24), b.Stats().Used)
	require.Equal(t, 2, q.Discard())
	empty(t, b)
}

func TestEveryUseAfterTheEndIsNamedWithBothPlaces(t *testing.T) {
	b, a, log := logged(t)
	g := NewGate(a, "units", 10, weight)
	q := NewQueue(a, "later", 10, weight)
	fill(t, g, 10)
	next, stop := leases(t, g)
	l := next()
	_, _, line, _ := runtime.Caller(0)
	l.Release()                                                // line+1
	l.Release()                                                // line+2
	require.ErrorIs(t, l.Forward(t.Context(), q), ErrReleased) // line+3
	require.ErrorIs(t, l.Resize(), ErrReleased)                // line+4
	_, err := l.Split(&load{1})                                // line+5
	require.ErrorIs(t, err, ErrReleased)
	l.Park(nil)
	l.Unpark()
	l.Detach()
	stop()
	require.Equal(t, int64(4), b.Stats().Misuse)
	lines := strings.Split(strings.TrimSpace(log()), "\n")[1:] // the first says what the limit is
	require.Len(t, lines, 4)
	for i, how := range []string{"Release", "Forward", "Resize", "Split"} {
		require.Contains(t, lines[i], how+" of a lease that had ended")
		require.Contains(t, lines[i], "queue=units")
		at, end, _ := strings.Cut(lines[i], "ended before at")
		require.Contains(t, at, inThisFile(line+2+i))
		require.Contains(t, end, inThisFile(line+1))
	}
	empty(t, b)
}

func TestLeaseEndedByItsLoopIsNamedSo(t *testing.T) {
	b, a, log := logged(t)
	g := NewGate(a, "units", 10, weight)
	fill(t, g, 10)
	g.Close()
	var kept *Lease[*load]
	for l := range g.Leases(t.Context()) {
		kept = l
	}
	kept.Release()
	require.Contains(t, log(), "the end of its loop body")
	empty(t, b)
}

func TestLostLeaseIsFoundNamedAndReleased(t *testing.T) {
	b, a, log := logged(t)
	g := NewGate(a, "units", 10, weight)
	fill(t, g, 10, 20, 30)
	line := lose(t, g)
	require.Eventually(t, func() bool {
		runtime.GC()
		return b.Stats().Units == 0
	}, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return strings.Count(log(), "was lost") == 3 }, 10*time.Second, time.Millisecond)
	require.Zero(t, b.Stats().Used)
	require.Equal(t, int64(3), b.Stats().Misuse)
	require.Contains(t, log(), "a lease of 10 B was lost, detached at")
	for i := range 3 {
		require.Contains(t, log(), inThisFile(line+1+2*i))
	}
	require.Zero(t, g.Stats().InHandBytes)
	empty(t, b)
}

// lose detaches three leases, in this and the next lines, and forgets them: one grew since, and one is parked.
func lose(t *testing.T, g *Gate[*load]) (line int) {
	next, stop := leases(t, g)
	defer stop()
	var kept [3]*Lease[*load]
	for i := range kept {
		kept[i] = next()
		if i == 0 {
			_, _, line, _ = runtime.Caller(0)
			kept[i].Detach() // line+1
		} else if i == 1 {
			kept[i].Detach() // line+3
		} else {
			kept[i].Detach() // line+5
		}
	}
	kept[1].Value().bytes = 70
	require.NoError(t, kept[1].Resize())
	kept[2].Park(make(chan struct{}))
	return line
}

func TestReleaseStopsTheSearchForALostLease(t *testing.T) {
	b, a, log := logged(t)
	g := NewGate(a, "units", 10, weight)
	fill(t, g, 10)
	next, stop := leases(t, g)
	l := next()
	l.Detach()
	l.Release()
	stop()
	l = nil
	for range 2 {
		r, err := g.Reserve(t.Context(), 10)
		require.NoError(t, err)
		r.Release()
	}
	runtime.GC()
	runtime.GC()
	require.NotContains(t, log(), "lost")
	empty(t, b)
}

func TestParkedUnitThatWaitsForALaterOneStalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 60)
		next, stop := leases(t, g)
		l := next()
		l.Detach()
		done := make(chan struct{})
		l.Park(done)
		put := putLater(t.Context(), g, 60) // what it waits for
		err := <-put
		require.ErrorIs(t, err, ErrStalled)
		require.ErrorIs(t, err, ErrOverBudget)
		l.Unpark()
		l.Release()
		stop()
		empty(t, b)
	})
}

func TestOverrunLetsTheAwaitedUnitIn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100, func(c *Config) { c.Policy = Overrun(20) })
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 60)
		next, stop := leases(t, g)
		l := next()
		l.Detach()
		done := make(chan struct{})
		put := putLater(t.Context(), g, 60)
		require.Empty(t, put)
		l.Park(done)
		require.NoError(t, <-put)
		require.Equal(t, int64(1), b.Stats().Overruns)
		l.Unpark()
		l.Release()
		stop()
		g.Discard()
		empty(t, b)
	})
}

func TestStallIsNotDeclaredWhenTheFutureIsDone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 50, 50)
		next, stop := leases(t, g)
		waits, awaited := next(), next // the first waits for the second
		waits.Detach()
		done := make(chan struct{})
		ended := later(func() error {
			waits.Park(done)
			<-done
			waits.Unpark()
			waits.Release()
			return nil
		})
		put := putLater(t.Context(), g, 60)
		l := awaited()
		close(done) // and before the first one's goroutine runs:
		l.Release()
		require.NoError(t, <-put)
		<-ended
		stop()
		g.Discard()
		empty(t, b)
	})
}

func TestWorkersHeldByFuturesStallWhoWaitsForASlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 1, weight)
		q := NewQueue(a, "later", 1, weight)
		done := make(chan struct{})
		resolve := later(func() error {
			for l := range q.Leases(t.Context()) {
				l.Park(done)
				<-done
				l.Unpark()
			}
			return nil
		})
		forward := later(func() error {
			defer q.Close()
			for l := range g.Leases(t.Context()) {
				if err := l.Forward(t.Context(), q); err != nil {
					return err
				}
			}
			return nil
		})
		for range 4 { // one parked, one queued behind it, one whose forward waits, one in the gate
			require.NoError(t, <-putLater(t.Context(), g, 1))
		}
		require.ErrorIs(t, <-putLater(t.Context(), g, 1), ErrStalled)
		close(done)
		g.Close()
		require.NoError(t, <-forward)
		require.NoError(t, <-resolve)
		empty(t, b)
	})
}

func TestCallersFunctionsRunUnderNoLock(t *testing.T) { // Spark: a callback under the manager's lock
	b, a := open(t, 100)
	peek := func(l *load) int64 { b.Stats(); return l.bytes } // would wait for its own lock
	g := NewGate(a, "units", 10, peek)
	q := NewQueue(a, "later", 10, peek)
	fill(t, g, 1, 2)
	g.Close()
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: 4}) {
		require.Equal(t, 1, batch.Find(func(l *load) bool { b.Stats(); return l.bytes == 2 }))
		require.Panics(t, func() { batch.Find(func(*load) bool { panic("in the caller") }) })
		require.Panics(t, func() { batch.Release(7) })
		require.Panics(t, func() { _ = batch.Forward(t.Context(), 7, q) })
		require.NoError(t, batch.ForwardAll(t.Context(), q))
	}
	q.Discard()
	empty(t, b)
}
