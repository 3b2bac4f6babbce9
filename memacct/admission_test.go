package memacct

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The hazards of waiting, one schedule each: wake-ups that can be lost, grants that race a cancel, units on
// the way when everything looks empty.

func TestWaitersAreAdmittedInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 100, weight)
		fill(t, g, 10)
		var order []int
		var mu sync.Mutex
		for i := range 20 {
			later(func() error {
				err := g.Put(t.Context(), &load{10})
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				return err
			})
		}
		next, stop := leases(t, g)
		for i := range 20 {
			next().Release()
			synctest.Wait()
			require.Len(t, order, i+1)
			require.Equal(t, i, order[i])
		}
		next()
		stop()
		empty(t, b)
	})
}

func TestOneReleaseAdmitsAllThatFit(t *testing.T) { // OTel: one signal a release, ten waiters of 10, one let in
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 100, weight)
		fill(t, g, 100)
		for range 10 {
			putLater(t.Context(), g, 10)
		}
		next, stop := leases(t, g)
		next().Release()
		synctest.Wait()
		s := b.Stats()
		require.Zero(t, s.Waiters)
		require.Equal(t, int64(100), s.Used)
		require.Equal(t, 10, g.Len())
		stop()
		g.Discard()
		empty(t, b)
	})
}

func TestCancelledWaitersEatNoWakeUp(t *testing.T) { // OTel 15700: cancel many while releases land
	bubble(t, func(t *testing.T) {
		for seed := range uint64(300) {
			cancelStorm(t, rand.New(rand.NewPCG(seed, 0)))
		}
	})
}

// cancelStorm lets cancels, releases and grants meet in a random order and checks that whoever stayed got in.
func cancelStorm(t *testing.T, r *rand.Rand) {
	b, a := open(t, 20)
	g := NewGate(a, "units", 100, weight)
	fill(t, g, 10, 10)
	const n = 12
	var all sync.WaitGroup
	errs, cancels := make([]error, n), make([]context.CancelFunc, n)
	for i := range n {
		ctx, cancel := context.WithCancel(t.Context())
		cancels[i] = cancel
		all.Go(func() { errs[i] = g.Put(ctx, &load{3}) })
	}
	synctest.Wait()
	next, stop := leases(t, g)
	cancelled := map[int]bool{}
	for _, i := range r.Perm(n)[:n/2] {
		cancelled[i] = true
		all.Go(cancels[i])
	}
	next().Release()
	next().Release()
	stop()
	synctest.Wait()
	require.True(t, b.Stats().Waiters == 0 || b.Stats().Used > 20-3)
	drained := later(func() error { count(g.All(t.Context())); return nil })
	all.Wait()
	g.Close()
	<-drained
	for i, err := range errs {
		if !cancelled[i] {
			require.NoError(t, err)
		} else if err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
		cancels[i]()
	}
	empty(t, b)
}

func TestGrantThatRacesACancelIsGivenBackAndPassedOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 100, weight)
		fill(t, g, 10)
		ctx, cancel := context.WithCancel(t.Context())
		first := putLater(ctx, g, 10)
		second := putLater(t.Context(), g, 10)
		next, stop := leases(t, g)
		cancel() // before the grant, but the waiter has not run yet
		next().Release()
		require.ErrorIs(t, <-first, context.Canceled)
		require.NoError(t, <-second)
		require.Equal(t, 1, b.Stats().Units)
		stop()
		g.Discard()
		empty(t, b)
	})
}

func TestConsumersEndWhenThePutOnItsWayGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 100, weight)
		fill(t, g, 10)
		ctx, cancel := context.WithCancel(t.Context())
		put := putLater(ctx, g, 10)
		next, stop := leases(t, g)
		lease := next()
		others := []chan error{
			later(func() error { count(g.All(t.Context())); return nil }),
			later(func() error { count(g.All(t.Context())); return nil }),
		}
		// All in one go: the grant, the close and the cancel come before the putter or a consumer runs.
		cancel()
		lease.Release()
		g.Close()
		<-put
		for _, o := range others {
			require.NoError(t, <-o)
		}
		stop()
		empty(t, b)
	})
}

func TestConsumersEndWhenAnotherTakesTheLastUnitOnItsWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 100, weight)
		fill(t, g, 10)
		put := putLater(t.Context(), g, 10)
		next, stop := leases(t, g)
		lease := next()
		var consumers []chan error
		for range 3 {
			consumers = append(consumers, later(func() error { count(g.All(t.Context())); return nil }))
		}
		lease.Release()
		g.Close()
		require.NoError(t, <-put)
		for _, c := range consumers {
			<-c
		}
		stop()
		empty(t, b)
	})
}

func TestUnitsThatJoinAfterThePressureEdgeAreHandedOnToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 1000, weight)
		seen := later(func() error {
			for range g.Batches(t.Context(), Batch{Size: 1000}) {
			}
			return nil
		})
		fill(t, g, 50, 50)
		first := putLater(t.Context(), g, 60) // the edge: both are handed on, and this one gets in
		require.NoError(t, <-first)
		second := putLater(t.Context(), g, 60) // 60 joined after it
		require.NoError(t, <-second)
		g.Close()
		<-seen
		empty(t, b)
	})
}

func TestLingerHandsOnAfterItsTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 100, weight)
		var sizes []int
		var at []time.Duration
		start := time.Now()
		done := later(func() error {
			for batch := range g.Batches(t.Context(), Batch{Size: 3, Linger: time.Second}) {
				sizes = append(sizes, len(batch))
				at = append(at, time.Since(start))
			}
			return nil
		})
		time.Sleep(5 * time.Second) // an empty queue starts no clock
		fill(t, g, 1)
		time.Sleep(900 * time.Millisecond)
		fill(t, g, 1)
		time.Sleep(10 * time.Second)
		fill(t, g, 1, 1, 1)
		synctest.Wait()
		g.Close()
		<-done
		require.Equal(t, []int{2, 3}, sizes)
		require.Equal(t, 6*time.Second, at[0])
		require.Equal(t, int64(1), g.Stats().Batches.Linger)
		empty(t, b)
	})
}

func TestGrowthDownstreamClosesTheGateAndDrainingOpensIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		q := NewQueue(a, "grown", 10, func(l *load) int64 { return l.bytes * 3 })
		fill(t, g, 40)
		next, stop := leases(t, g)
		require.NoError(t, next().Forward(t.Context(), q)) // 120: debt, and no wait
		require.Equal(t, int64(20), b.Stats().Debt)
		require.True(t, b.Stats().Pressure)
		put := putLater(t.Context(), g, 1)
		require.Empty(t, put)
		q.Discard()
		require.NoError(t, <-put)
		stop()
		g.Discard()
		empty(t, b)
	})
}

func TestIdleBatchOfAnotherAccountIsHandedOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		other := b.Account("other")
		g, h := NewGate(a, "units", 100, weight), NewGate(other, "units", 100, weight)
		var done []chan error
		for _, x := range []*Gate[*load]{g, h} {
			done = append(done, later(func() error { count(x.Batches(t.Context(), Batch{Size: 100})); return nil }))
		}
		fill(t, g, 30, 30)
		require.NoError(t, h.Put(t.Context(), &load{80})) // waits until g's consumer hands on its 60
		g.Close()
		h.Close()
		<-done[0]
		<-done[1]
		empty(t, b)
	})
}

func TestPressureFlushesTheDeepestBatchFirstAndNoMoreThanNeeded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 100, weight)
		q := NewQueue(a, "deep", 100, weight)
		fill(t, g, 300)
		next, stop := leases(t, g)
		require.NoError(t, next().Forward(t.Context(), q))
		stop()
		fill(t, g, 300)
		var shallow, deep int
		shallowDone := later(func() error {
			for batch := range g.Batches(t.Context(), Batch{Size: 100}) {
				shallow += len(batch)
			}
			return nil
		})
		deepDone := later(func() error {
			for batch := range q.Batches(t.Context(), Batch{Size: 100}) {
				deep += len(batch)
			}
			return nil
		})
		require.NoError(t, <-putLater(t.Context(), g, 600))
		synctest.Wait()
		require.Equal(t, 1, deep)
		require.Zero(t, shallow)
		g.Close()
		q.Close()
		<-shallowDone
		<-deepDone
		empty(t, b)
	})
}

// A batch below its share waits for a loop that could come for more, but not for long: that loop may wait for the
// batch, with nothing in hand by which anybody could know.
func TestABatchIsNotHeldBackForAStageThatWaitsForIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, q := NewGate(a, "units", 100, weight), NewQueue(a, "deep", 100, weight)
		saved := make(chan struct{}, 100)
		deep := later(func() error {
			for batch := range q.Batches(t.Context(), Batch{Size: 100}) {
				for range batch {
					saved <- struct{}{}
				}
			}
			return nil
		})
		shallow := later(func() error {
			defer q.Close()
			for l := range g.Leases(t.Context()) {
				if err := l.Forward(t.Context(), q); err != nil {
					return err
				}
				<-saved
			}
			return nil
		})
		start := time.Now()
		for range 20 {
			require.NoError(t, g.Put(t.Context(), &load{30}))
		}
		require.LessOrEqual(t, time.Since(start), 20*2*flushAfter)
		g.Flush()
		g.Close()
		for len(shallow) == 0 { // there is no pressure any more: it asks for each batch
			q.Flush()
			synctest.Wait()
		}
		require.NoError(t, <-shallow)
		<-deep
		empty(t, b)
	})
}

func TestFloorIsKeptFreeBesideAHog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, hog := open(t, 100)
		small := b.Account("small", WithFloor(20))
		g, h := NewGate(hog, "units", 100, weight), NewGate(small, "units", 100, weight)
		fill(t, g, 50, 30) // all but the floor
		next, stop := leases(t, g)
		next() // the hog's stage hangs
		ctx, cancel := context.WithCancel(t.Context())
		waiting := putLater(ctx, g, 1)
		big := putLater(ctx, g, 40)
		for range 50 { // the small one goes on, past every bound of patience of the hog's waiters
			require.NoError(t, <-putLater(t.Context(), h, 20))
			h.Discard()
		}
		require.Empty(t, waiting)
		require.Empty(t, big)
		cancel()
		<-waiting
		<-big
		stop()
		g.Discard()
		empty(t, b)
	})
}

func TestClaimantWithoutASlotKeepsNobodyElseOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		other := b.Account("other")
		g, h := NewGate(a, "units", 5, weight), NewGate(other, "units", 100, weight)
		fill(t, g, 50)
		ctx, cancel := context.WithCancel(t.Context())
		big := putLater(ctx, g, 60)
		for range 4 { // they pass it, take the last slots, and make it the claimant
			require.NoError(t, <-putLater(t.Context(), g, 10))
		}
		require.NoError(t, <-putLater(t.Context(), h, 5))
		require.Empty(t, big)
		cancel()
		<-big
		g.Discard()
		h.Discard()
		empty(t, b)
	})
}

func TestBigWaiterIsPassedBoundedly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 1000, weight)
		fill(t, g, 60, 30)
		big := putLater(t.Context(), g, 50)
		passed := 0
		for range 20 {
			put := putLater(t.Context(), g, 1)
			if len(put) == 1 {
				passed++
			}
		}
		require.Less(t, passed, 20)
		require.LessOrEqual(t, passed, 10)
		next, stop := leases(t, g)
		next().Release()
		require.NoError(t, <-big)
		synctest.Wait()
		stop()
		g.Discard()
		empty(t, b)
	})
}

func TestUnitsBelowTheLimitPassAClaimantNoMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 1000, weight)
		fill(t, g, 60)
		big := putLater(t.Context(), g, 50)
		var small []chan error
		for range 6 {
			small = append(small, putLater(t.Context(), g, 20))
		}
		next, stop := leases(t, g)
		for !(len(big) == 1) { // each end lets at most one small one by before it is the big one's turn
			next().Release()
			synctest.Wait()
		}
		in := 0
		for _, s := range small {
			in += len(s)
		}
		require.LessOrEqual(t, in, 6)
		stop()
		for g.Discard() > 0 {
			synctest.Wait()
		}
		empty(t, b)
	})
}

func TestDiscardLetsInWhoWaitsForASlot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		q := NewQueue(a, "later", 1, weight)
		require.NoError(t, q.Put(t.Context(), &load{1}))
		put := later(func() error { return q.Put(t.Context(), &load{1}) })
		require.Equal(t, 1, q.Discard())
		require.NoError(t, <-put)
		q.Discard()
		empty(t, b)
	})
}

func TestAwaitedUnitBehindAFullBatchIsHandedOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 1, 1, 1, 1, 1)
		g.Flush() // somebody waits for the last of them
		seen := 0
		done := later(func() error {
			for batch := range g.Batches(t.Context(), Batch{Size: 4}) {
				seen += len(batch)
			}
			return nil
		})
		require.Equal(t, 5, seen)
		require.Equal(t, int64(1), g.Stats().Batches.Awaited)
		fill(t, g, 1)
		synctest.Wait()
		require.Equal(t, 5, seen) // the next batch is collected again
		g.Close()
		<-done
		empty(t, b)
	})
}

func TestCloseWaitsForUnitsAndNamesWhoHoldsThem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 40, 20)
		next, stop := leases(t, g)
		next()
		blocked := putLater(t.Context(), g, 90)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := b.Close(ctx)
		require.ErrorIs(t, <-blocked, ErrClosed)
		var leak *LeakError
		require.ErrorAs(t, err, &leak)
		require.Equal(t, 2, leak.Units)
		require.Equal(t, int64(60), leak.Bytes)
		require.ErrorContains(t, err, "test/units has 1 queued (20 B) and 1 in hand (40 B)")
		closing := later(func() error { return b.Close(t.Context()) })
		g.Discard()
		synctest.Wait()
		require.Empty(t, closing)
		stop()
		require.NoError(t, <-closing)
	})
}

func TestCloseNamesReservationsAndChargesNotGivenBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		cache := a.Charge(30)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := b.Close(ctx)
		require.ErrorContains(t, err, "30 B")
		require.ErrorContains(t, err, "test")
		cache()
		cache() // twice is harmless
		empty(t, b)
	})
}

func TestWorkerThatComesLaterGetsItsShare(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 64, weight)
		for range 16 {
			fill(t, g, 1)
		}
		g.Close()
		seen := make(chan struct{}, 16)
		done := make(chan struct{})
		later(func() error { // its first unit waits for a second one, which another worker has to see to
			for range g.All(t.Context()) {
				<-done
			}
			return nil
		})
		second := later(func() error {
			for range g.All(t.Context()) {
				seen <- struct{}{}
			}
			return nil
		})
		require.Len(t, seen, 15)
		<-second
		close(done)
		synctest.Wait()
		empty(t, b)
	})
}

func TestLoopOverSingleUnitsReleasesEachAtOnceUnderPressure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 64, weight)
		fill(t, g, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
		step, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for range g.All(t.Context()) {
				<-step
			}
		}()
		synctest.Wait()
		step <- struct{}{}
		step <- struct{}{}
		synctest.Wait()
		for range 2 { // what the loop is done with is free
			require.NoError(t, <-putLater(t.Context(), g, 1))
		}
		put := putLater(t.Context(), g, 1)
		require.Empty(t, put)
		step <- struct{}{} // and at once, now that somebody waits
		require.NoError(t, <-put)
		g.Close()
		close(step)
		<-done
		empty(t, b)
	})
}

func TestModesThatNeverWaitTakeFloors(t *testing.T) {
	for _, mode := range []Mode{Shadow, Off} {
		b, _ := open(t, 100, func(c *Config) { c.Mode = mode })
		a := b.Account("floor", WithFloor(1000))
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 40)
		g.Discard()
		a.Close()
		empty(t, b)
	}
}
