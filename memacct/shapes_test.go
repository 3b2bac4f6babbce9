package memacct

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

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
	require.Contains(t, eventsOf(b, EventLeak)[0].Text, "shapes_test.go:")
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

func TestForwardAsMovesTheChargeToAnotherType(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 10, weight)
		texts := NewQueue(a, "texts", 1, func(s string) int64 { return int64(len(s)) })
		fill(t, g, 400, 300)
		next, stop := leases(t, g)
		require.NoError(t, ForwardAs(t.Context(), next(), texts, "four"))
		require.EqualValues(t, 304, b.Stats().Used)
		l := next()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, ForwardAs(ctx, l, texts, "no slot"), context.DeadlineExceeded)
		require.EqualValues(t, 300, l.Bytes(), "the lease lives on")
		require.EqualValues(t, 304, b.Stats().Used)
		for s := range texts.All(t.Context()) {
			require.Equal(t, "four", s)
			break
		}
		l.Detach()
		require.NoError(t, ForwardAs(t.Context(), l, texts, "detached"))
		require.ErrorIs(t, ForwardAs(t.Context(), l, texts, "again"), ErrReleased)
		require.Contains(t, eventsOf(b, EventMisuse)[0].Text, "shapes_test.go:")
		require.EqualValues(t, 700, b.Stats().Peak, "at no time is it charged twice")
		stop()
		require.Equal(t, 1, texts.Discard())
		empty(t, b)
	})
}

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
	require.Contains(t, eventsOf(b, EventMisuse)[0].Text, "shapes_test.go:")
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

// sender is somebody's own, of which nothing is known but how to put.
type sender struct{ Sender[*load] }

// A function that is handed a Sender moves the lease's unit on, whatever that is. Into a gate it needs no memory: none is
// left here for as much as a byte.
func TestAUnitIsForwardedToWhateverSends(t *testing.T) {
	for name, c := range map[string]struct {
		to   func(*Account) Sender[*load]
		peak int64
	}{
		"a queue":            {func(a *Account) Sender[*load] { return NewQueue(a, "to", 2, weight) }, 100},
		"a gate":             {func(a *Account) Sender[*load] { return NewGate(a, "to", 2, weight) }, 100},
		"one of another one": {func(a *Account) Sender[*load] { return sender{NewQueue(a, "to", 2, weight)} }, 150},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, a := open(t, 100)
				g, to := NewGate(a, "units", 10, weight), c.to(a)
				fill(t, g, 50, 50)
				put := putLater(t.Context(), g, 100)
				sent := later(func() error {
					defer to.Close()
					for l := range g.Leases(t.Context()) {
						if err := l.Forward(t.Context(), to); err != nil {
							return err
						}
						if err := l.Forward(t.Context(), to); !errors.Is(err, ErrReleased) {
							return fmt.Errorf("it was not ended: %w", err)
						}
					}
					return nil
				})
				synctest.Wait()
				require.EqualValues(t, 100, b.Stats().Used)
				require.Empty(t, put)
				if s, ok := to.(sender); ok {
					to = s.Sender
				}
				from := to.(Receiver[*load])
				require.Equal(t, 2, from.Len())
				for range 3 { // the third waits for its memory, and then for its slot
					for range from.All(t.Context()) {
						break
					}
					synctest.Wait()
				}
				require.NoError(t, <-put)
				g.Close()
				require.NoError(t, <-sent)
				require.EqualValues(t, c.peak, b.Stats().Peak)
				require.EqualValues(t, 3, b.core.Ended())
				empty(t, b)
			})
		})
	}
}

// A unit that waits for a slot at a gate goes before the puts there, which wait for memory that it has.
func TestAForwardedUnitWaitsForASlotAtAGate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, to := NewGate(a, "units", 10, weight), NewGate(a, "to", 1, weight)
		fill(t, g, 60)
		fill(t, to, 40)
		next, stop := leases(t, g)
		l := next()
		l.Detach()
		put := putLater(t.Context(), to, 60)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, l.Forward(ctx, to), context.DeadlineExceeded)
		require.EqualValues(t, 60, l.Bytes(), "the lease lives on")
		sent := later(func() error { return l.Forward(t.Context(), to) })
		for range to.All(t.Context()) {
			break
		}
		require.NoError(t, <-sent)
		require.Empty(t, put)
		require.Equal(t, 1, to.Discard())
		require.NoError(t, <-put)
		require.Equal(t, 1, to.Discard())
		stop()
		empty(t, b)
	})
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
				require.Regexp(t, `^nobody takes: the put at memacct\.fillAll shapes_test\.go:\d+ has waited for \ds behind 2 units in test/units, and no loop has taken any since it was made: start the loop`, text)
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
