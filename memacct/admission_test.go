package memacct

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

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
