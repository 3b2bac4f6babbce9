package memacct

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Puts of goroutines that have no unit in hand say nothing of the stage that works.
func TestAStageThatEmitsFromSeveralGoroutinesWorks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, q := NewGate(a, "units", 4, weight), NewQueue(a, "parts", 1, weight)
		var all sync.WaitGroup
		all.Go(func() {
			defer q.Close()
			for l := range g.All(t.Context()) {
				var parts sync.WaitGroup
				for range 8 {
					parts.Go(func() { _ = q.Put(t.Context(), &load{l.bytes / 100}) })
				}
				parts.Wait()
			}
		})
		all.Go(func() {
			for range q.All(t.Context()) {
				time.Sleep(time.Second)
			}
		})
		for range 5 {
			require.NoError(t, g.Put(t.Context(), &load{60}), "it fits once the one before has ended")
		}
		g.Close()
		all.Wait()
		empty(t, b)
	})
}

func TestTwoWhoCloseABudgetAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		fill(t, g, 10)
		first := later(func() error { return b.Close(t.Context()) })
		second := later(func() error { return b.Close(t.Context()) })
		synctest.Wait()
		g.Discard()
		require.NoError(t, <-first)
		require.NoError(t, <-second)
	})
}

func TestASortedBatchKeepsItsCharges(t *testing.T) {
	b, a := open(t, 1000)
	g, q := NewGate(a, "units", 4, weight), NewQueue(a, "later", 4, weight)
	fill(t, g, 1, 50, 99)
	g.Close()
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: 3}) {
		slices.Reverse(batch.Units())
		require.NoError(t, batch.Forward(t.Context(), 0, q)) // of 99 bytes, which came last
		require.EqualValues(t, 150, b.Stats().Used)
		require.False(t, batch.Has(0))
		require.NoError(t, batch.ForwardAll(t.Context(), q))
	}
	require.LessOrEqual(t, q.Stats().Growth, 1.0, "nothing has grown")
	q.Discard()
	empty(t, b)
}

// A put that was granted, and runs only after its account was closed, must not leave its unit there for ever.
func TestAnAccountClosesAgainstAGrantedPut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, _ := open(t, 100)
		for range 200 { // which of the two runs first is the scheduler's choice
			a := b.Account("short")
			g := NewGate(a, "units", 4, weight)
			fill(t, g, 90)
			put := putLater(t.Context(), g, 20)
			for range g.All(t.Context()) {
				break // it makes the room
			}
			a.Close()
			if err := <-put; err != nil {
				require.ErrorIs(t, err, ErrClosed)
			}
			require.Zero(t, b.Stats().Used)
		}
		empty(t, b)
	})
}

// A loop body that waits in a plain put moves nothing of what its loop has in hand: behind a worker that waits for a
// unit still to come, who waits at the gate is told.
func TestPlainPutsBehindAHeldWorkerStallTheGate(t *testing.T) {
	for how, loop := range map[string]func(context.Context, *Gate[*load]) iter.Seq[[]*load]{
		"batches": func(ctx context.Context, g *Gate[*load]) iter.Seq[[]*load] { return g.Batches(ctx, Batch{Size: 3}) },
		"units taken ahead": func(ctx context.Context, g *Gate[*load]) iter.Seq[[]*load] {
			return func(yield func([]*load) bool) {
				for l := range g.All(ctx) {
					if !yield([]*load{l}) {
						return
					}
				}
			}
		},
	} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, a := open(t, 100)
				g, q := NewGate(a, "units", 32, weight), NewQueue(a, "later", 1, weight)
				fill(t, g, 10, 10, 10, 10)
				never := make(chan struct{})
				ctx, stop := context.WithCancel(t.Context())
				worker := later(func() error {
					for l := range q.Leases(ctx) {
						l.Park(never)
						<-ctx.Done()
						l.Unpark()
					}
					return nil
				})
				stage := later(func() error {
					for some := range loop(ctx, g) {
						for _, l := range some {
							if err := q.Put(ctx, &load{l.bytes}); err != nil {
								return err
							}
						}
					}
					return nil
				})
				var err error
				for err == nil {
					err = g.Put(ctx, &load{30})
				}
				require.ErrorIs(t, err, ErrStalled)
				stop()
				require.ErrorIs(t, <-stage, context.Canceled)
				require.NoError(t, <-worker)
				g.Discard()
				q.Discard()
				empty(t, b)
			})
		})
	}
}

// Two branches of a stage: one collects units, the other has a worker that waits for one of them. There is memory for
// all: slots are what everybody waits for.
func TestAPartialBatchThatOnlySlotsWaitForIsHandedOn(t *testing.T) {
	for name, park := range map[string]func(*Lease[*load], chan struct{}){
		"parked":                   func(l *Lease[*load], done chan struct{}) { l.Park(done) },
		"parked, no end told":      func(l *Lease[*load], _ chan struct{}) { l.Park(nil) },
		"nobody says who is meant": func(*Lease[*load], chan struct{}) {},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, a := open(t, 1<<30)
				g := NewGate(a, "units", 2, weight)
				collected, single := NewQueue(a, "collected", 2, weight), NewQueue(a, "single", 2, weight)
				done := make([]chan struct{}, 30)
				for i := range done {
					done[i] = make(chan struct{})
				}
				var all sync.WaitGroup
				all.Go(func() { // every fifth unit is collected
					defer collected.Close()
					defer single.Close()
					for l := range g.Leases(t.Context()) {
						to := single
						if l.Value().bytes%5 == 0 {
							to = collected
						}
						_ = l.Forward(t.Context(), to)
					}
				})
				all.Go(func() {
					for batch := range collected.Batches(t.Context(), Batch{Size: 100}) {
						for _, l := range batch {
							close(done[l.bytes])
						}
					}
				})
				all.Go(func() {
					for l := range single.Leases(t.Context()) {
						if i := l.Value().bytes; i%5 == 1 {
							park(l, done[i-1])
							<-done[i-1]
							l.Unpark()
						}
					}
				})
				for i := range done {
					require.NoError(t, g.Put(t.Context(), &load{int64(i)}))
				}
				g.Close()
				all.Wait()
				empty(t, b)
			})
		})
	}
}

// nosy is a context that looks at the budget whenever it is asked.
type nosy struct {
	context.Context
	b *Budget
}

func (n nosy) Err() error        { n.b.Stats(); return n.Context.Err() }
func (n nosy) Value(key any) any { n.b.Stats(); return n.Context.Value(key) }

func TestContextsAreAskedUnderNoLock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g, q := NewGate(a, "units", 4, weight), NewQueue(a, "later", 1, weight)
		inner, stop := context.WithCancel(t.Context())
		ctx := nosy{inner, b}
		fill(t, g, 90)
		waits := putLater(ctx, g, 20)
		reserves := later(func() error { _, err := g.Reserve(ctx, 30); return err })
		require.NoError(t, q.Put(ctx, &load{1}))
		slots := later(func() error { return q.Put(ctx, &load{1}) })
		forwards := later(func() error {
			for l := range g.Leases(ctx) {
				if err := l.Forward(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
		idle := NewGate(a, "idle", 4, weight)
		sleeps := later(func() error { count(idle.Batches(ctx, Batch{Size: 2, Linger: time.Hour})); return ctx.Err() })
		stop()
		for _, end := range []chan error{waits, reserves, slots, forwards, sleeps} {
			require.ErrorIs(t, <-end, context.Canceled)
		}
		q.Discard()
		g.Discard()
		require.NoError(t, b.Close(nosy{t.Context(), b}))
	})
}

// The clock of a lingering batch starts with its first unit, whichever way that came.
func TestLingerCountsForUnitsThatWereForwardedOrReserved(t *testing.T) {
	for how, put := range map[string]func(*testing.T, *Gate[*load], *Gate[*load], *Queue[*load]){
		"forwarded": func(t *testing.T, _, from *Gate[*load], to *Queue[*load]) {
			fill(t, from, 1)
			for l := range from.Leases(t.Context()) {
				require.NoError(t, l.Forward(t.Context(), to))
				break
			}
		},
		"reserved": func(t *testing.T, g, _ *Gate[*load], _ *Queue[*load]) {
			r, err := g.Reserve(t.Context(), 1)
			require.NoError(t, err)
			require.NoError(t, r.Put(t.Context(), &load{1}))
		},
	} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, a := open(t, 100)
				g, from, to := NewGate(a, "units", 20, weight), NewGate(a, "from", 20, weight), NewQueue(a, "to", 20, weight)
				loop := func(batches iter.Seq[[]*load], sizes *[]int) chan error {
					return later(func() error {
						for batch := range batches {
							*sizes = append(*sizes, len(batch))
						}
						return nil
					})
				}
				var sizes []int
				every := Batch{Size: 100, Linger: 10 * time.Second}
				gate, queue := loop(g.Batches(t.Context(), every), &sizes), loop(to.Batches(t.Context(), every), &sizes)
				time.Sleep(time.Minute) // nothing is there, and no clock runs
				for range 30 {
					put(t, g, from, to)
					time.Sleep(time.Second + time.Millisecond)
				}
				g.Close()
				from.Close()
				to.Close()
				require.NoError(t, <-gate)
				require.NoError(t, <-queue)
				require.Equal(t, []int{10, 10, 10}, sizes)
				empty(t, b)
			})
		})
	}
}
