package memacct

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a goroutine that waits has in hand, or has reserved, does not move, and nor does what is queued for it.
func TestParkOfAGoroutine(t *testing.T) {
	for name, c := range map[string]func(t *testing.T, g *Gate[*load], check func()){
		"a loop": func(t *testing.T, g *Gate[*load], check func()) {
			fill(t, g, 10, 10)
			for range g.LeaseBatches(t.Context(), Batch{Size: 1}) {
				check()
				return
			}
		},
		"loops in one another": func(t *testing.T, g *Gate[*load], check func()) {
			fill(t, g, 10, 10, 10)
			for range g.LeaseBatches(t.Context(), Batch{Size: 1}) {
				for range g.Leases(t.Context()) {
					check()
					return
				}
			}
		},
		"no loop": func(t *testing.T, g *Gate[*load], check func()) {
			fill(t, g, 10, 10)
			check()
		},
		"a reservation": func(t *testing.T, g *Gate[*load], check func()) {
			r, err := g.Reserve(t.Context(), 10)
			require.NoError(t, err)
			defer r.Release()
			check()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, a := open(t, 100)
			g := NewGate(a, "units", 10, weight)
			c(t, g, func() {
				require.False(t, a.Still())
				done := make(chan struct{})
				unpark := g.Park(done)
				require.True(t, a.Still())
				close(done)
				require.False(t, a.Still(), "the wait is over")
				unpark()
				require.False(t, a.Still())
			})
			g.Discard()
			empty(t, b)
		})
	}
}

// A waiter at the gate is told that nothing will drain where the one stage that could take waits, before its loop.
func TestWhoIsAwayTakesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 60)
		unpark := g.Park(make(chan struct{}))
		require.ErrorIs(t, <-putLater(t.Context(), g, 60), ErrStalled)
		unpark()
		put := putLater(t.Context(), g, 60)
		time.Sleep(time.Second)
		require.Empty(t, put)
		g.Discard()
		require.NoError(t, <-put)
		g.Discard()
		empty(t, b)
	})
}

// A first stage that waits leaves a queue to whoever may come for it.
func TestAFirstStageThatWaitsKeepsNobodyAway(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	fill(t, g, 10)
	unpark := a.Park(make(chan struct{}))
	require.False(t, a.Still())
	unpark()
	g.Discard()
	empty(t, b)
	(*Account)(nil).Park(nil)()
}

// A loop that has parked is not the last one that could take, where another is about to begin.
func TestALoopThatIsAboutToBegin(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	fill(t, g, 10, 10, 10)
	g.ExpectLoops(2)
	for range g.LeaseBatches(t.Context(), Batch{Size: 1}) {
		unpark := g.Park(make(chan struct{}))
		require.False(t, a.Still())
		for range g.LeaseBatches(t.Context(), Batch{Size: 1}) {
			require.False(t, a.Still())
			defer g.Park(make(chan struct{}))()
			require.True(t, a.Still())
			break
		}
		unpark()
		break
	}
	g.Discard()
	empty(t, b)
}

func TestNobodyIsStillWithoutAnAccount(t *testing.T) {
	require.False(t, (*Account)(nil).Still())
}
