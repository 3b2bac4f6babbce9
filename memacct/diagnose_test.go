package memacct

import (
	"context"
	"testing"

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
