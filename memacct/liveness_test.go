package memacct

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Schedules in which somebody waited for ever, or was told something false, before they were tests.

// Where nobody waits for memory, a put that waits for a slot waits as in a plain queue, whatever the units do.
func TestModesThatNeverWaitRefuseNobody(t *testing.T) {
	for _, mode := range []Mode{Off, Shadow} { // with a nil account it panics
		bubble(t, func(t *testing.T) {
			_, a := open(t, 100, func(c *Config) { c.Mode = mode })
			g := NewGate(a, "units", 1, weight)
			fill(t, g, 1)
			release := make(chan struct{})
			loop := later(func() error {
				for l := range g.Leases(t.Context()) {
					l.Park(nil)
					<-release
					l.Unpark()
				}
				return nil
			})
			fill(t, g, 1)
			time.AfterFunc(time.Second, func() { close(release) })
			err := g.Put(t.Context(), &load{1}) // a plain bounded queue would wait a second for the slot
			time.Sleep(2 * time.Second)
			g.Close()
			<-loop
			require.NoError(t, err, mode)
		})
	}
}

// The deepest queue with units has a loop that waits for the batch of another queue, with nothing in hand.
func TestABatchIsHandedOnToAConsumerThatWaitsForIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, q := NewGate(a, "units", 100, weight), NewQueue(a, "deep", 100, weight)
		require.NoError(t, q.Put(t.Context(), &load{1}))
		require.NoError(t, q.Put(t.Context(), &load{1}))
		saved := make(chan struct{}, 100)
		deep := later(func() error {
			for l := range q.Leases(t.Context()) {
				l.Release()
				<-saved // the batch before it; nothing is in hand
			}
			return nil
		})
		batches := later(func() error {
			for range g.Batches(t.Context(), Batch{Size: 100}) {
				saved <- struct{}{}
			}
			close(saved)
			return nil
		})
		fill(t, g, 40, 30) // below its share of 80
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := g.Put(ctx, &load{40})
		g.Close()
		q.Close()
		<-batches
		<-deep
		require.NoError(t, err)
		empty(t, b)
	})
}

func TestABatchIsHandedOnBesideANeighbourThatRests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 100, weight)
		other := b.Account("other")
		h, q := NewGate(other, "units", 100, weight), NewQueue(other, "later", 100, weight)
		for range 60 {
			fill(t, h, 1)
		}
		h.Close()
		paced := later(func() error {
			defer q.Close()
			for l := range h.Leases(t.Context()) {
				if err := l.Forward(t.Context(), q); err != nil {
					return err
				}
				time.Sleep(time.Second) // a rate limit, with nothing in hand
			}
			return nil
		})
		last := later(func() error { count(q.All(t.Context())); return nil })
		batches := later(func() error { count(g.Batches(t.Context(), Batch{Size: 100})); return nil })
		start := time.Now()
		fill(t, g, 400, 300) // below its share of 800
		fill(t, g, 400)
		took := time.Since(start)
		g.Close()
		<-batches
		<-paced
		<-last
		require.Less(t, took, time.Second)
		empty(t, b)
	})
}

func TestABatchIsHandedOnBesideANeighbourThatNeverStandsStill(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g, h := NewGate(a, "units", 100, weight), NewGate(b.Account("other", WithFloor(100)), "units", 100, weight)
		ctx, cancel := context.WithCancel(t.Context())
		var others []chan error
		for range 2 { // at any moment one of them has a unit in hand
			others = append(others, later(func() error {
				for range h.All(ctx) {
					time.Sleep(time.Millisecond)
				}
				return nil
			}))
		}
		others = append(others, later(func() error {
			for ctx.Err() == nil {
				_ = h.Put(ctx, &load{10})
			}
			return nil
		}))
		batches := later(func() error { count(g.Batches(t.Context(), Batch{Size: 1000})); return nil })
		fill(t, g, 600) // below the share of 800
		pctx, pcancel := context.WithTimeout(t.Context(), time.Minute)
		defer pcancel()
		err := g.Put(pctx, &load{350}) // fits as soon as the account's own batch is handed on
		cancel()
		g.Close()
		<-batches
		for _, o := range others {
			<-o
		}
		h.Discard()
		require.NoError(t, err)
		empty(t, b)
	})
}

func TestABatchIsHandedOnBesideASlowReader(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 100, weight)
		batches := later(func() error { count(g.Batches(t.Context(), Batch{Size: 1000})); return nil })
		reader := later(func() error {
			r, err := g.Reserve(t.Context(), 300)
			if err != nil {
				return err
			}
			time.Sleep(10 * time.Minute) // a slow download
			return r.Put(t.Context(), &load{300})
		})
		fill(t, g, 250, 250)
		start := time.Now()
		r, err := g.Reserve(t.Context(), 300) // fits as soon as the batch of 500 is handed on
		require.NoError(t, err)
		took := time.Since(start)
		r.Release()
		require.NoError(t, <-reader)
		g.Close()
		<-batches
		require.Less(t, took, time.Minute)
		empty(t, b)
	})
}

// The unit that the one in flight waits for stands behind others that do not fit.
func TestNoVerdictWhileTheAwaitedUnitFits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 10)
		g := NewGate(a, "units", 100, weight)
		fill(t, g, 6)
		next, stop := leases(t, g)
		l := next()
		l.Detach()
		stop()
		var big []chan error
		for range 5 { // any of them fits once the first unit is done
			big = append(big, putLater(t.Context(), g, 8))
		}
		awaited := putLater(t.Context(), g, 1) // fits beside it
		done := make(chan struct{})
		go func() { <-done; l.Release() }()
		l.Park(done) // until the unit of 1 is done, which stands in line
		ends := later(func() error {
			for u := range g.All(t.Context()) {
				if u.bytes == 1 {
					close(done)
				}
			}
			return nil
		})
		require.NoError(t, <-awaited)
		var errs []error
		for _, p := range big {
			errs = append(errs, <-p)
		}
		g.Close()
		<-ends
		for _, err := range errs {
			require.NoError(t, err)
		}
		empty(t, b)
	})
}

// Units taken ahead come back in front of the one that is awaited.
func TestAFlushOutlivesUnitsThatComeBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 64, weight)
		got := map[int64]bool{}
		loop := func(by int) (step chan struct{}, end chan error) {
			step = make(chan struct{})
			return step, later(func() error {
				if by == 1 {
					for range g.All(t.Context()) {
						<-step
					}
					return nil
				}
				for batch := range g.Batches(t.Context(), Batch{Size: by}) {
					for _, l := range batch {
						got[l.bytes] = true
					}
					<-step
				}
				return nil
			})
		}
		five, end5 := loop(5)
		fill(t, g, 1, 1, 1, 1, 1)
		two, end2 := loop(2)
		fill(t, g, 1, 1)
		synctest.Wait() // both are in their bodies
		for range 20 {
			fill(t, g, 1)
		}
		single, end1 := loop(1) // takes three, two of them ahead, and stays in its body
		five <- struct{}{}      // takes five, and sees where the other is
		synctest.Wait()
		g.Discard()
		fill(t, g, 7)
		g.Flush() // somebody waits for that one
		two <- struct{}{}
		synctest.Wait()
		two <- struct{}{}
		synctest.Wait()
		found := got[7]
		g.Close()
		close(single)
		close(five)
		close(two)
		<-end1
		<-end5
		<-end2
		require.True(t, found, "the flush was forgotten")
		empty(t, b)
	})
}

func TestAQueueWithUnitsTakenAheadIsNotDrained(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 64, weight)
	for range 16 {
		fill(t, g, 1)
	}
	g.Close()
	n := 0
	for range g.All(t.Context()) {
		if n++; n < 16 {
			require.False(t, g.Drained(), "after unit %d of 16", n)
		}
	}
	empty(t, b)
}

// Mistakes with units that nobody accounts for are reported, and no worse.
func TestMistakesOnANilAccountAreHarmless(t *testing.T) {
	g := NewGate[*load](nil, "units", 4, nil)
	fill(t, g, 1, 1)
	for l := range g.Leases(t.Context()) {
		l.Release()
		require.NotPanics(t, l.Release)
		break
	}
	for l := range g.Leases(t.Context()) {
		l.Detach() // and lost
		break
	}
	require.Eventually(t, func() bool {
		runtime.GC()
		return g.Stats().InHand == 0
	}, 10*time.Second, time.Millisecond)
}
