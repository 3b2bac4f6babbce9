package memacct

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

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

func TestALingeringLoopPassesItsWakeUpOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 100, weight)
		lingers := later(func() error { count(g.Batches(t.Context(), Batch{Size: 10, Linger: time.Hour})); return nil })
		single := later(func() error { count(g.All(t.Context())); return nil })
		fill(t, g, 1)
		synctest.Wait()
		left := g.Len()
		g.Close()
		<-lingers
		<-single
		require.Zero(t, left, "a loop over single units sleeps beside a unit")
		empty(t, b)
	})
}

func TestLingerCountsFromTheFirstUnit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 100, weight)
		start := time.Now()
		var at []time.Duration
		loop := later(func() error {
			for range g.Batches(t.Context(), Batch{Size: 3, Linger: time.Second}) {
				at = append(at, time.Since(start))
				time.Sleep(10 * time.Second)
			}
			return nil
		})
		fill(t, g, 1, 1, 1)
		synctest.Wait() // its body runs for 10 s
		fill(t, g, 1)   // has waited for 10 s then
		time.Sleep(time.Minute)
		g.Close()
		<-loop
		require.Equal(t, []time.Duration{0, 10 * time.Second}, at)
		empty(t, b)
	})
}
