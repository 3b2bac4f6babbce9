package memacct

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestForwardToAnotherBudgetOverlaps(t *testing.T) {
	b, a := open(t, 100)
	c, d := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	q := NewQueue(d, "elsewhere", 10, func(l *load) int64 {
		require.Equal(t, int64(30), b.Stats().Used) // not released before it is charged there
		return l.bytes
	})
	fill(t, g, 10, 20)
	next, stop := leases(t, g)
	require.NoError(t, next().Forward(t.Context(), q))
	stop()
	g.Close()
	for batch := range g.LeaseBatches(t.Context(), Batch{Size: 4}) {
		q.size = weight
		require.NoError(t, batch.ForwardAll(t.Context(), q))
	}
	require.Equal(t, int64(30), c.Stats().Used)
	q.Discard()
	empty(t, b)
	empty(t, c)
}

func TestForwardThatFailsKeepsTheUnit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		q := NewQueue(a, "later", 1, weight)
		bad := NewQueue(a, "bad", 1, func(*load) int64 { panic("no size") })
		fill(t, g, 10, 20, 30)
		next, stop := leases(t, g)
		require.NoError(t, next().Forward(t.Context(), q))
		l := next()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, l.Forward(ctx, q), context.DeadlineExceeded) // no slot
		require.ErrorIs(t, l.Forward(ctx, q), context.DeadlineExceeded)
		var size *SizeError
		require.ErrorAs(t, l.Forward(t.Context(), bad), &size)
		waiting := later(func() error { return l.Forward(t.Context(), q) })
		q.Close()
		require.ErrorIs(t, <-waiting, ErrClosed)
		require.Equal(t, int64(60), b.Stats().Used)
		require.Equal(t, 1, g.Stats().InHand)
		stop()
		require.Equal(t, int64(40), b.Stats().Used)
		g.Discard()
		q.Discard()
		empty(t, b)
	})
}

func TestPassMeasuresNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, _ := open(t, 1000)
		a := b.Account("grows", WithGrowth(4))
		g := NewGate(a, "units", 10, weight)
		q := NewQueue(a, "later", 1, func(*load) int64 { panic("measured again") })
		fill(t, g, 10, 20)
		g.Close()
		taken := later(func() error {
			for batch := range g.LeaseBatches(t.Context(), Batch{Size: 2}) {
				require.NoError(t, batch.Pass(t.Context(), 0, q))
				require.NoError(t, batch.Pass(t.Context(), 1, q)) // waits for the slot
				require.ErrorIs(t, batch.Pass(t.Context(), 1, q), ErrReleased)
			}
			return nil
		})
		require.Equal(t, int64(120), b.Stats().Used)
		require.Equal(t, 1, q.Discard())
		require.NoError(t, <-taken)
		require.Equal(t, int64(80), b.Stats().Used)
		require.InDelta(t, 4, a.Stats().Growth, 0, "learned from what was not measured")
		require.Equal(t, 1, q.Discard())
		empty(t, b)
	})
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
		require.Contains(t, eventsOf(b, EventMisuse)[0].Text, "forward_test.go:")
		require.EqualValues(t, 700, b.Stats().Peak, "at no time is it charged twice")
		stop()
		require.Equal(t, 1, texts.Discard())
		empty(t, b)
	})
}

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
