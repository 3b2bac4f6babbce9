package memacct

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A unit in three queues is charged once, whoever is done with it first, and in whatever way.
func TestAUnitInSeveralQueuesIsChargedOnceUntilTheLast(t *testing.T) {
	drain := map[string]func(t *testing.T, q *Queue[*load]){
		"a loop":  func(t *testing.T, q *Queue[*load]) { q.Close(); require.Equal(t, 2, count(q.All(t.Context()))) },
		"batches": func(t *testing.T, q *Queue[*load]) { q.Close(); count(q.Batches(t.Context(), Batch{})) },
		"leased batches, some forwarded": func(t *testing.T, q *Queue[*load]) {
			q.Close()
			on := NewQueue(q.a, "on", 10, weight)
			for batch := range q.LeaseBatches(t.Context(), Batch{}) {
				require.True(t, batch.Release(0))
				require.NoError(t, batch.Forward(t.Context(), 1, on))
			}
			require.Equal(t, 1, on.Discard())
		},
		"batches that are filtered": func(t *testing.T, q *Queue[*load]) {
			q.Close()
			on := NewQueue(q.a, "on", 10, weight)
			for batch := range q.LeaseBatches(t.Context(), Batch{}) {
				require.NoError(t, batch.Filter(t.Context(), []bool{true, false}, on))
			}
			on.Close()
			require.Equal(t, 1, count(on.All(t.Context())))
		},
		"discarded": func(t *testing.T, q *Queue[*load]) { require.Equal(t, 2, q.Discard()) },
		"leases": func(t *testing.T, q *Queue[*load]) {
			q.Close()
			for l := range q.Leases(t.Context()) {
				require.Zero(t, l.Bytes())
				l.Detach()
				l.Release()
			}
		},
		"forwarded to several once more": func(t *testing.T, q *Queue[*load]) {
			q.Close()
			x, y := NewQueue(q.a, "x", 10, weight), NewQueue(q.a, "y", 10, weight)
			for l := range q.Leases(t.Context()) {
				require.NoError(t, l.ForwardAll(t.Context(), x, y))
			}
			require.Equal(t, 2, x.Discard())
			require.Equal(t, 2, y.Discard())
		},
		"a lost lease": func(t *testing.T, q *Queue[*load]) {
			q.Close()
			for l := range q.Leases(t.Context()) {
				l.Detach()
			}
			require.Eventually(t, func() bool {
				runtime.GC()
				return q.b.Stats().Units == 0 || q.Stats().InHand == 0
			}, 10*time.Second, time.Millisecond)
		},
		"to another budget": func(t *testing.T, q *Queue[*load]) {
			q.Close()
			other, account := open(t, 1000)
			on := NewQueue(account, "on", 10, weight)
			for l := range q.Leases(t.Context()) {
				require.NoError(t, l.Forward(t.Context(), on))
			}
			require.EqualValues(t, 70, other.Stats().Used)
			require.Equal(t, 2, on.Discard())
		},
		"a broken loop, and the rest": func(t *testing.T, q *Queue[*load]) {
			for range q.All(t.Context()) {
				break
			}
			require.Equal(t, 1, q.Discard())
		},
	}
	for name, last := range drain {
		t.Run(name, func(t *testing.T) {
			b, a := open(t, 1000)
			g := NewGate(a, "units", 10, weight)
			x, y, z := NewQueue(a, "first", 10, weight), NewQueue(a, "second", 10, weight), NewQueue(a, "third", 10, weight)
			fill(t, g, 30, 40)
			g.Close()
			for l := range g.Leases(t.Context()) {
				if l.Value().bytes == 40 {
					l.Detach()
				}
				require.NoError(t, l.ForwardAll(t.Context(), x, y, z))
				require.ErrorIs(t, l.ForwardAll(t.Context(), x), ErrReleased)
			}
			s := b.Stats()
			require.EqualValues(t, 70, s.Used)
			require.EqualValues(t, 70, g.Stats().InHandBytes)
			require.Zero(t, g.Stats().Parked)
			require.Equal(t, 8, s.Units)
			require.EqualValues(t, 70, s.Peak, "at no time is it charged twice")
			require.Equal(t, 2, z.Discard())
			x.Close()
			require.Equal(t, 2, count(x.All(t.Context())))
			require.EqualValues(t, 70, b.Stats().Used, "the last one still has it")
			last(t, y)
			require.Zero(t, b.Stats().Used)
			require.Empty(t, b.shared.units)
			empty(t, b)
		})
	}
}

// Where one of the queues is closed the lease lives on, and the others have their parts.
func TestForwardAllThatFailsLeavesTheLease(t *testing.T) {
	for _, detach := range []bool{false, true} {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 10, weight)
		x, y := NewQueue(a, "first", 10, weight), NewQueue(a, "second", 10, weight)
		y.Close()
		fill(t, g, 30)
		next, stop := leases(t, g)
		l := next()
		if detach {
			l.Detach()
		}
		require.ErrorIs(t, l.ForwardAll(t.Context(), x, y), ErrClosed)
		require.Equal(t, 1, x.Discard())
		require.EqualValues(t, 30, b.Stats().Used)
		l.Value().bytes = 50
		require.NoError(t, l.Resize())
		require.EqualValues(t, 50, b.Stats().Used, "it is measured for all of them")
		require.NoError(t, l.ForwardAll(t.Context()), "to none")
		require.Zero(t, b.Stats().Used)
		stop()
		empty(t, b)
	}
}

// A part waits for its slot while its unit stays charged once, and a gate's put that needs the memory gets in when the
// last part ends: at no earlier event.
func TestPartsWaitForSlotsAndHoldTheGate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		x, y := NewQueue(a, "first", 1, weight), NewQueue(a, "second", 1, weight)
		fill(t, g, 30, 30)
		sent := later(func() error {
			for l := range g.Leases(t.Context()) {
				if err := l.ForwardAll(t.Context(), x, y); err != nil {
					return err
				}
			}
			return nil
		})
		put := putLater(t.Context(), g, 60)
		require.EqualValues(t, 60, b.Stats().Used)
		one := func(q *Queue[*load]) {
			for range q.All(t.Context()) {
				break
			}
			synctest.Wait()
		}
		one(x)
		require.EqualValues(t, 60, b.Stats().Used)
		require.Empty(t, put)
		one(y)
		require.NoError(t, <-put)
		g.Close()
		for range 2 {
			one(x)
			one(y)
		}
		require.NoError(t, <-sent)
		empty(t, b)
	})
}

// One unit goes to queues of several types, charged once until the last is done with it, and a gate may be one of them.
func TestAUnitIsSharedByQueuesOfSeveralTypes(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 10, weight)
	named := NewQueue(a, "named", 10, func(s string) int64 { return int64(len(s)) })
	ids, last := NewGate(a, "ids", 10, func(int) int64 { return 8 }), NewQueue(a, "last", 10, weight)
	fill(t, g, 300, 600)
	g.Close()
	for l := range g.Leases(t.Context()) {
		require.NoError(t, ShareAs(t.Context(), l, named, fmt.Sprint(l.Value().bytes)))
		require.NoError(t, ShareAs(t.Context(), l, ids, int(l.Value().bytes)))
		require.NoError(t, l.Forward(t.Context(), last))
		require.ErrorIs(t, ShareAs(t.Context(), l, named, "late"), ErrReleased)
	}
	require.Contains(t, eventsOf(b, EventMisuse)[0].Text, "forwardall_test.go:")
	require.EqualValues(t, 900, b.Stats().Used)
	require.EqualValues(t, 900, b.Stats().Peak, "at no time is it charged twice")
	require.Equal(t, 2, last.Discard())
	ids.Close()
	require.Equal(t, 2, count(ids.All(t.Context())))
	require.EqualValues(t, 900, b.Stats().Used, "the last one still has it")
	require.Equal(t, 2, named.Discard())
	require.Zero(t, b.Stats().Used)
	require.EqualValues(t, 2, b.core.Ended(), "parts are no units of their own")
	require.Empty(t, b.shared.units)
	empty(t, b)
}

// Many units to three stages of unlike speed, one of which fails at times: nothing is lost and nothing released twice.
func TestFanOutUnderStress(t *testing.T) {
	b, a := open(t, 2000)
	g := NewGate(a, "units", 20, weight)
	queues := []interface {
		Sender[*load]
		Receiver[*load]
	}{NewGate(a, "all", 50, weight), NewQueue(a, "batches", 5, weight), NewQueue(a, "chan", 5, weight)}
	results := NewQueue(a, "results", 5, func(s string) int64 { return int64(len(s)) })
	var all, senders sync.WaitGroup
	var got [4]atomic.Int64
	ctx := t.Context()
	const n = 3000
	all.Go(func() {
		defer g.Close()
		for i := range n {
			if err := g.Put(ctx, &load{1 + int64(i%300)}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		senders.Go(func() {
			for l := range g.Leases(ctx) {
				if err := l.ForwardAll(ctx, queues[0], queues[1], queues[2]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		senders.Wait()
		for _, q := range queues {
			q.Close()
		}
	})
	all.Go(func() {
		for range queues[0].All(ctx) {
			got[0].Add(1)
			if rand.IntN(50) == 0 {
				time.Sleep(50 * time.Microsecond)
			}
		}
	})
	all.Go(func() {
		for batch := range queues[1].Batches(ctx, Batch{Size: 7}) {
			got[1].Add(int64(len(batch)))
		}
	})
	all.Go(func() {
		defer results.Close()
		for l := range queues[2].Chan(ctx) {
			got[2].Add(1)
			if err := ForwardAs(ctx, l, results, fmt.Sprint(l.Value().bytes)); err != nil {
				t.Error(err)
			}
		}
	})
	all.Go(func() { got[3].Add(int64(count(results.All(ctx)))) })
	all.Wait()
	for i := range got {
		require.EqualValues(t, n, got[i].Load(), i)
	}
	require.Empty(t, b.shared.units)
	empty(t, b)
}

// Where all parts of a unit wait for another one, that is a stall as where the unit itself does, and no hang; and where
// one of them can still move it is none.
func TestPartsThatWaitForAnotherUnitAreAStall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		x, y := NewQueue(a, "first", 10, weight), NewQueue(a, "second", 10, weight)
		fill(t, g, 80)
		next, stop := leases(t, g)
		require.NoError(t, next().ForwardAll(t.Context(), x, y))
		future := make(chan struct{})
		nextX, stopX := leases(t, x)
		nextX().Park(future)
		put := putLater(t.Context(), g, 30)
		time.Sleep(10 * time.Second)
		require.Empty(t, put, "the other part can move")
		nextY, stopY := leases(t, y)
		nextY().Park(future)
		require.ErrorIs(t, <-put, ErrStalled)
		stopX()
		stopY()
		stop()
		empty(t, b)
	})
}

func TestForwardAllOfADoneContextForwardsNothing(t *testing.T) {
	b, a := open(t, 100)
	g, q := NewGate(a, "units", 10, weight), NewQueue(a, "q", 10, weight)
	fill(t, g, 1, 1)
	g.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: 2}) {
		require.ErrorIs(t, batch.Forward(ctx, 0, q), context.Canceled)
		require.ErrorIs(t, batch.ForwardAll(ctx, q), context.Canceled)
	}
	q.Discard()
	empty(t, b)
}

func TestForwardAllBehindAHeldWorkerStallsTheGate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 10, weight)
		q := NewQueue(a, "later", 1, weight)
		fill(t, g, 2, 2, 2, 2)
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
			for batch := range g.LeaseBatches(t.Context(), Batch{Size: 4}) {
				if err := batch.ForwardAll(t.Context(), q); err != nil {
					return err
				}
			}
			return nil
		})
		require.ErrorIs(t, <-putLater(t.Context(), g, 3), ErrStalled)
		close(done)
		g.Close()
		require.NoError(t, <-forward)
		require.NoError(t, <-resolve)
		empty(t, b)
	})
}
