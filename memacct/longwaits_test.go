package memacct

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

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

func TestNestedAcquisitionThroughALease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 100)
		for l := range g.Leases(t.Context()) {
			require.ErrorIs(t, g.Put(t.Context(), &load{1}), ErrNested)
			_, err := g.Reserve(t.Context(), 1)
			require.ErrorIs(t, err, ErrNested)
			l.Release()
			require.NoError(t, g.Put(t.Context(), &load{1})) // holds nothing any more
			break
		}
		g.Discard()
		empty(t, b)
	})
}

func TestPutFromTheLoopThatAloneCouldMakeRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 60)
		for l := range g.Leases(t.Context()) {
			l.Release() // nothing in hand, but who else should take what comes?
			fill(t, g, 40)
			later := time.AfterFunc(5*time.Second, func() { _ = g.Put(t.Context(), &load{60}) })
			require.ErrorIs(t, g.Put(t.Context(), &load{70}), ErrNested)
			later.Stop()
			break
		}
		g.Discard()
		empty(t, b)
	})
}

func TestReservationHandedToAnotherGoroutineIsNotNested(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		var readers sync.WaitGroup
		for range 4 { // each next reservation waits for a reader, which takes long
			r, err := g.Reserve(t.Context(), 60)
			require.NoError(t, err)
			r.Detach()
			readers.Go(func() {
				time.Sleep(time.Minute)
				require.NoError(t, r.Put(t.Context(), &load{60}))
				for range g.All(t.Context()) {
					break
				}
			})
		}
		readers.Wait()
		synctest.Wait()
		empty(t, b)
	})
}

func TestAGoroutineThatHoldsNothingIsNotNested(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, q := NewGate(a, "units", 10, weight), NewQueue(a, "again", 10, weight)
		fill(t, g, 90)
		slow := later(func() error {
			for range g.All(t.Context()) {
				time.Sleep(10 * time.Second)
			}
			return nil
		})
		require.NoError(t, q.Put(t.Context(), &load{1}))
		require.NoError(t, q.Put(t.Context(), &load{1}))
		var err error
		for l := range q.Leases(t.Context()) {
			l.Release()                         // as ErrNested says to do
			err = g.Put(t.Context(), &load{20}) // has room in ten seconds
			break
		}
		q.Discard()
		g.Close()
		<-slow
		require.NoError(t, err)
		empty(t, b)
	})
}

func TestWaitingForAnothersSlotIsNotNested(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000, func(c *Config) { c.Mode = Shadow })
		g := NewGate(a, "units", 1, weight)
		fill(t, g, 1)
		var err error
		var slow chan error
		for range g.All(t.Context()) { // the unit in hand is no matter: there are slots in ten seconds
			fill(t, g, 1)
			slow = later(func() error {
				for range g.All(t.Context()) {
					time.Sleep(10 * time.Second)
				}
				return nil
			})
			fill(t, g, 1)
			err = g.Put(t.Context(), &load{1})
			break
		}
		g.Close()
		<-slow
		require.NoError(t, err)
		empty(t, b)
	})
}

// What the two could take has all the memory.
func TestWorkersThatAllWaitAtTheGateAreToldSo(t *testing.T) {
	bubble(t, func(t *testing.T) { // with one worker it is ErrNested after two seconds
		b, a := open(t, 100)
		g, q := NewGate(a, "units", 10, weight), NewQueue(a, "again", 10, weight)
		for range 4 {
			require.NoError(t, q.Put(t.Context(), &load{25}))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var ends []chan error
		for range 2 {
			ends = append(ends, later(func() error {
				for l := range q.Leases(ctx) {
					l.Release()
					if err := g.Put(ctx, &load{60}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		for _, e := range ends {
			require.NotErrorIs(t, <-e, context.DeadlineExceeded)
		}
		q.Discard()
		g.Discard()
		empty(t, b)
	})
}

// A program that fills first and drains later is told so after seconds, with the line of its put, and not again.
func TestAQueueThatIsFilledAndNeverTakenIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		slots int
		limit int64
		gate  bool
	}{
		"no slot at a gate":     {2, 1000, true},
		"no memory":             {10, 25, true},
		"no slot behind a gate": {2, 1000, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, a := open(t, c.limit)
				s := Sender[*load](NewQueue(a, "units", c.slots, weight))
				if c.gate {
					s = NewGate(a, "units", c.slots, weight)
				}
				put := later(func() error { return fillAll(t.Context(), s) })
				begun := time.Now()
				for len(eventsOf(b, EventStall)) == 0 {
					time.Sleep(100 * time.Millisecond)
				}
				require.LessOrEqual(t, time.Since(begun), 5*time.Second)
				text := eventsOf(b, EventStall)[0].Text
				require.Regexp(t, `^nobody takes: the put at memacct\.fillAll longwaits_test\.go:\d+ has waited for \ds behind 2 units in test/units, and no loop has taken any since it was made: start the loop`, text)
				time.Sleep(10 * time.Second)
				require.Len(t, eventsOf(b, EventStall), 1)
				require.Equal(t, 5, count(any(s).(interface {
					All(context.Context) iter.Seq[*load]
				}).All(t.Context())))
				require.NoError(t, <-put)
				empty(t, b)
			})
		})
	}
}

// fillAll is a program that gathers before it drains.
func fillAll(ctx context.Context, s Sender[*load]) (err error) {
	defer s.Close()
	for range 5 {
		err = errors.Join(err, s.Put(ctx, &load{10}))
	}
	return err
}

// A stage that starts late, or memory that others have, is nothing to tell.
func TestAQueueThatIsTakenInTimeIsNotTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, other := NewGate(a, "units", 1, weight), NewGate(b.Account("other"), "units", 10, weight)
		fill(t, other, 90)
		put := putLater(t.Context(), g, 20) // no unit is in its queue: the memory is another's
		time.Sleep(20 * time.Second)
		require.Empty(t, eventsOf(b, EventStall))
		other.Discard()
		require.NoError(t, <-put)
		put = putLater(t.Context(), g, 20)
		time.Sleep(2 * time.Second)
		g.Close()
		require.ErrorIs(t, <-put, ErrClosed)
		require.Equal(t, 1, count(g.All(t.Context())))
		require.Empty(t, eventsOf(b, EventStall))
		empty(t, b)
	})
}
