package memacct

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// maker starts a stage on a that takes from one queue and makes three units of another from each unit. With helper
// another goroutine puts them, and the stage waits for it.
func maker(ctx context.Context, a *Account, name string, from, to *Queue[*load], helper bool) chan error {
	puts := func() error {
		for range 3 {
			if err := to.Put(ctx, &load{10}); err != nil {
				return err
			}
		}
		return nil
	}
	return later(func() error {
		return a.Stage(ctx, name, func(ctx context.Context) error {
			for range from.Leases(ctx) {
				if !helper {
					if err := puts(); err != nil {
						return err
					}
					continue
				}
				done := make(chan error, 1)
				go func() { done <- puts() }()
				if err := <-done; err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// A stage lets another goroutine put into the queue that the stage itself takes from.
func TestAPutIntoOnesOwnQueueIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		work := NewQueue(a, "work", 1, weight)
		require.NoError(t, work.Put(ctx, &load{10}))
		done := maker(ctx, a, "crawl", work, work, true)
		text := stalled(t, b)
		require.Regexp(t, `^nothing moved for \d+s: deadlock: "crawl" \(from test/work\) has 1 unit \(10 B\) in hand, and a goroutine that it started waits in a put into test/work, at memacct.maker.func1 diagnose_test.go:\d+; "crawl" takes from test/work itself`, text)
		require.Contains(t, text, "keep what comes back in a list")
		cancel()
		<-done
		work.Discard()
		empty(t, b)
	})
}

// Two stages whose goroutines put for them wait for each other.
func TestACircleIsNamedQueueByQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		there, back := NewQueue(a, "there", 1, weight), NewQueue(a, "back", 1, weight)
		require.NoError(t, there.Put(ctx, &load{10}))
		require.NoError(t, back.Put(ctx, &load{10}))
		one, other := maker(ctx, a, "forth", there, back, true), maker(ctx, a, "home", back, there, true)
		text := stalled(t, b)
		require.Regexp(t, `^nothing moved for \d+s: deadlock: `, text)
		for name, way := range map[string][2]string{"forth": {"there", "back"}, "home": {"back", "there"}} {
			require.Regexp(t, `"`+name+`" \(from test/`+way[0]+`\) has 1 unit \(10 B\) in hand, and a goroutine that it started waits in a put into test/`+way[1], text)
		}
		require.Contains(t, text, "queues must not form a circle")
		cancel()
		<-one
		<-other
		there.Discard()
		back.Discard()
		empty(t, b)
	})
}

// Neither of two budgets knows what the other waits for, and so none refuses anything.
func TestTwoBudgetsThatWaitForEachOtherAreNamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b, a := open(t, 1000)
		c, d := open(t, 1000)
		there, back := NewQueue(a, "there", 1, weight), NewQueue(d, "back", 1, weight)
		require.NoError(t, there.Put(ctx, &load{10}))
		require.NoError(t, back.Put(ctx, &load{10}))
		one, other := maker(ctx, a, "forth", there, back, false), maker(ctx, d, "home", back, there, false)
		text := stalled(t, b)
		require.Regexp(t, `^nothing moved for \d+s: deadlock: "forth" \(from test/there\) has 1 unit \(10 B\) in hand and waits in a put into a queue of another budget, at memacct.maker.func1 diagnose_test.go:\d+`, text)
		require.Contains(t, text, "one budget with an account for each")
		cancel()
		<-one
		<-other
		there.Discard()
		back.Discard()
		empty(t, b)
		empty(t, c)
	})
}

// The unit in hand keeps the memory that the put of the other goroutine waits for.
func TestAUnitInHandThatWaitsForAnotherGoroutinesPutIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		ctx, cancel := context.WithCancel(t.Context())
		small, large := NewGate(a, "small", 10, weight), NewGate(a, "large", 10, weight)
		fill(t, small, 60)
		done := stageLoop(ctx, a, "expand", small, func(ctx context.Context, _ *load) {
			put := make(chan error, 1)
			go func() { put <- large.Put(ctx, &load{50}) }()
			<-put
		})
		text := stalled(t, b)
		require.Regexp(t, `^nothing moved for \d+s: deadlock: "expand" \(from test/small\) has 1 unit \(60 B\) in hand, and a goroutine that it started waits in a put into test/large, at memacct\.`, text)
		require.Contains(t, text, "a unit in hand must not wait for another goroutine's put")
		cancel()
		<-done
		empty(t, b)
	})
}

func TestACrowdedAccountIsNotToBlame(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, hog := open(t, 100)
		other := b.Account("other")
		g, h := NewGate(hog, "units", 10, weight), NewGate(other, "units", 10, weight)
		never := make(chan struct{})
		done := stageLoop(t.Context(), hog, "save", g, func(context.Context, *load) { hang(never) })
		fill(t, g, 90)
		ctx, cancel := context.WithCancel(t.Context())
		blocked := putLater(ctx, h, 20)
		text := stalled(t, b)
		require.Contains(t, text, `crowded: account "other" (0 B in use) waits for memory that another has: "test" has 90 B of 100 B: deadlock: "save"`)
		require.LessOrEqual(t, strings.Count(text, "\n"), screenLines)
		cancel()
		<-blocked
		g.Close()
		close(never)
		<-done
		empty(t, b)
	})
}

// The known case in which nothing is declared: a stage holds several units and forwards one of them to a queue
// whose worker is held by a parked unit.
func TestParkedWorkersBehindAStageThatHoldsABatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		q := NewQueue(a, "resolve", 1, weight)
		fill(t, g, 20, 20, 20, 20, 20)
		ctx, cancel := context.WithCancel(t.Context())
		filter := later(func() error {
			return a.Stage(ctx, "filter", func(ctx context.Context) error {
				for batch := range g.LeaseBatches(ctx, Batch{Size: 5}) {
					for i := range batch.Units() {
						if err := batch.Forward(ctx, i, q); err != nil {
							return err
						}
					}
				}
				return nil
			})
		})
		resolve := later(func() error {
			return a.Stage(ctx, "resolve", func(ctx context.Context) error {
				for l := range q.Leases(ctx) {
					l.Park(make(chan struct{}))
					<-ctx.Done()
				}
				return nil
			})
		})
		blocked := putLater(ctx, g, 20)
		text := stalled(t, b)
		require.Contains(t, text, `parked: 1 of 1 units in hand from test/resolve wait for other units, 1 are queued behind them; `+
			`"filter" (from test/units) cannot hand on its 3 units, at memacct.TestParkedWorkers`)
		cancel()
		<-blocked
		<-filter
		<-resolve
		q.Discard()
		g.Discard()
		empty(t, b)
	})
}

func TestStagesThatWaitForEachOthersQueues(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		there, back := NewQueue(a, "there", 1, weight), NewQueue(a, "back", 1, weight)
		ctx, cancel := context.WithCancel(t.Context())
		require.NoError(t, there.Put(ctx, &load{10}))
		require.NoError(t, back.Put(ctx, &load{10}))
		var done []chan error
		for _, way := range [][2]*Queue[*load]{{there, back}, {back, there}} {
			done = append(done, later(func() error {
				return a.Stage(ctx, "to "+way[1].q.Name, func(ctx context.Context) error {
					for l := range way[0].Leases(ctx) {
						for range 5 { // one becomes several
							if err := way[1].Put(ctx, &load{l.Value().bytes}); err != nil {
								return err
							}
						}
					}
					return nil
				})
			}))
		}
		var refused error // one of them: nothing can move, and nobody need wait for a report
		other := done[1]
		select {
		case refused = <-done[0]:
		case refused = <-done[1]:
			other = done[0]
		}
		require.ErrorIs(t, refused, ErrStalled)
		cancel()
		<-other
		there.Discard()
		back.Discard()
		empty(t, b)
	})
}

func TestOtherReasonsForAStall(t *testing.T) {
	for want, setup := range map[string]func(ctx context.Context, a *Account, g *Gate[*load]) func(){
		`charges: account "test" has named charges of 80 B`: func(ctx context.Context, a *Account, g *Gate[*load]) func() {
			later(func() error { return g.Put(ctx, &load{20}) })
			r, _ := g.Reserve(ctx, 0)
			r.Detach() // something is in flight, or the put would be refused
			free := a.Charge(80)
			putLater(ctx, g, 50)
			return func() { free(); r.Release() }
		},
		`first stage: 1 unit in test/units, waiting for a batch to fill; first is at memacct.TestOtherReasonsForAStall`: func(ctx context.Context, a *Account, g *Gate[*load]) func() {
			later(func() error { count(g.Batches(ctx, Batch{Size: 5})); return nil })
			later(func() error {
				return a.Stage(ctx, "first", func(ctx context.Context) error {
					_ = g.Put(ctx, &load{10})
					<-ctx.Done()
					return nil
				})
			})
			return func() {}
		},
		`nobody takes: 1 unit in test/units, and no loop takes from it`: func(ctx context.Context, a *Account, g *Gate[*load]) func() {
			_ = g.Put(ctx, &load{80})
			putLater(ctx, g, 40)
			return func() {}
		},
	} {
		t.Run(want[:8], func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b, a := open(t, 100)
				g := NewGate(a, "units", 10, weight)
				ctx, cancel := context.WithCancel(t.Context())
				undo := setup(ctx, a, g)
				require.Contains(t, strings.ReplaceAll(stalled(t, b), "\n  ", " "), want)
				cancel()
				undo()
				synctest.Wait()
				g.Discard()
				empty(t, b)
			})
		})
	}
}

// A stall names what made the debt, and nothing that did not happen.
func TestDebtNamesWhatMadeIt(t *testing.T) {
	const grew, charged, lowered = "units grew on the way to test/later, up to 3.0 times", `account "test" has charges by name of 60 B`, "the budget is less than it was"
	for want, setup := range map[string]func(b *Budget, a *Account, g *Gate[*load]) (undo func()){
		grew: func(_ *Budget, a *Account, g *Gate[*load]) func() {
			q := NewQueue(a, "later", 10, func(l *load) int64 { return 3 * l.bytes })
			next, stop := leases(t, g)
			require.NoError(t, next().Forward(t.Context(), q))
			return func() { stop(); q.Discard() }
		},
		charged: func(_ *Budget, a *Account, _ *Gate[*load]) func() { return a.Charge(60) },
		lowered: func(b *Budget, _ *Account, _ *Gate[*load]) func() {
			require.NoError(t, b.SetLimit(Content(30)))
			return func() {}
		},
	} {
		bubble(t, func(t *testing.T) {
			b, a := open(t, 100)
			g := NewGate(a, "units", 10, weight)
			fill(t, g, 50)
			undo := setup(b, a, g)
			ctx, cancel := context.WithCancel(t.Context())
			put := putLater(ctx, g, 20)
			text := strings.ReplaceAll(stalled(t, b), "\n  ", " ")
			for _, cause := range []string{grew, charged, lowered} {
				require.Equal(t, cause == want, strings.Contains(text, cause), "%s: %s", cause, text)
			}
			cancel()
			require.ErrorIs(t, <-put, context.Canceled)
			undo()
			g.Discard()
			empty(t, b)
		})
	}
}
