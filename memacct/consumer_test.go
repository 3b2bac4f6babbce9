package memacct

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// Loops over single units take some ahead of their bodies. Nobody may notice, but for the speed.

// steps runs a loop over g whose bodies wait for a step each, and returns the units begun so far, and its end.
func steps(t *testing.T, g *Gate[*load], step <-chan struct{}) (begun *[]*load, end chan error) {
	t.Helper()
	begun = new([]*load)
	return begun, later(func() error {
		for l := range g.All(t.Context()) {
			*begun = append(*begun, l)
			<-step
		}
		return nil
	})
}

func TestUnitsTakenAheadDoNotWaitForASlowBody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 64, weight)
		var first []*load
		for range 64 {
			first = append(first, &load{1})
			require.NoError(t, g.Put(t.Context(), first[len(first)-1]))
		}
		slow, quick := make(chan struct{}), make(chan struct{})
		begun, slowEnd := steps(t, g, slow)
		done, quickEnd := steps(t, g, quick)
		require.Equal(t, first[:1], *begun)
		for range 100 { // the queue never runs dry, and still all but the one that is stuck get their turn
			quick <- struct{}{}
			synctest.Wait()
			fill(t, g, 1)
		}
		require.Subset(t, pointers(*done), pointers(first[1:]))
		g.Close()
		close(quick)
		require.NoError(t, <-quickEnd)
		require.Len(t, *done, 163)
		close(slow)
		require.NoError(t, <-slowEnd)
		empty(t, b)
	})
}

// pointers makes units that weigh the same differ.
func pointers(ls []*load) (ps []uintptr) {
	for _, l := range ls {
		ps = append(ps, reflect.ValueOf(l).Pointer())
	}
	return ps
}

func TestUnitsDoneWithAreReleasedWhenAWaiterGetsASlotAndNoMemory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 40)
		g, full := NewGate(a, "units", 16, weight), NewGate(a, "full", 1, weight)
		for range 16 {
			fill(t, g, 1)
		}
		step, never := make(chan struct{}), make(chan struct{})
		_, end := steps(t, g, step)
		fill(t, full, 24)
		put := putLater(t.Context(), full, 3) // it waits for a slot: no reason to hurry anybody
		for range 3 {
			step <- struct{}{}
		}
		synctest.Wait()
		require.Empty(t, put)
		_, fullEnd := steps(t, full, never) // now it has one, and what lies in the other loop's hand must go
		require.NoError(t, <-put)
		g.Close()
		full.Close()
		close(step)
		close(never)
		require.NoError(t, <-end)
		require.NoError(t, <-fullEnd)
		empty(t, b)
	})
}

func TestUnitStaysChargedUntilItsLoopBodyEnds(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	for range 3 {
		require.NoError(t, g.Put(t.Context(), &load{10}))
	}
	g.Close()
	left := int64(30)
	for range g.All(t.Context()) {
		require.Equal(t, left, b.Stats().Used)
		left -= 10
	}
	empty(t, b)
}

// A loop that is alone takes units ahead of its body. What it has not begun when it ends goes back, in order.
func TestUnitsTakenAheadGoBack(t *testing.T) {
	for _, leave := range []string{"break", "cancel"} {
		b, a := open(t, 1000)
		g := NewGate(a, "units", 100, func(*int) int64 { return 10 })
		for i := range 40 {
			require.NoError(t, g.Put(t.Context(), &i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		next := 0
		for v := range g.All(ctx) {
			require.Equal(t, next, *v)
			if next++; next == 20 {
				cancel()
				if leave == "break" {
					break
				}
			}
		}
		cancel()
		require.Equal(t, 20, g.Len(), leave)
		require.Equal(t, int64(200), b.Stats().Used, leave)
		g.Close()
		for v := range g.All(t.Context()) {
			require.Equal(t, next, *v)
			next++
		}
		require.Equal(t, 40, next)
		empty(t, b)
	}
}

// Every way out of a loop body ends the units in hand: that is what the bodies below have in common.
func TestLoopBodiesEndTheirUnitsHoweverTheyEnd(t *testing.T) {
	for name, leave := range map[string]func(seq func(yield func() bool)){
		"continue": func(seq func(func() bool)) { seq(func() bool { return true }) },
		"break":    func(seq func(func() bool)) { seq(func() bool { return false }) },
		"panic": func(seq func(func() bool)) {
			defer func() { _ = recover() }()
			seq(func() bool { panic("in the loop body") })
		},
		"goexit": func(seq func(func() bool)) {
			var wg sync.WaitGroup
			wg.Go(func() { seq(func() bool { runtime.Goexit(); return true }) })
			wg.Wait()
		},
	} {
		for kind, loop := range loops {
			t.Run(name+"/"+kind, func(t *testing.T) {
				b, a := open(t, 100)
				g := NewGate(a, "units", 10, weight)
				fill(t, g, 10, 20, 30)
				g.Close()
				leave(func(yield func() bool) { loop(t.Context(), g, yield) })
				s := g.Stats()
				require.Zero(t, s.InHand)
				require.Zero(t, s.InHandBytes)
				require.Equal(t, s.QueuedBytes, b.Stats().Used)
				g.Discard()
				empty(t, b)
			})
		}
	}
}

func TestContextEndsALoopAndItsUnits(t *testing.T) {
	for kind, loop := range loops {
		t.Run(kind, func(t *testing.T) {
			b, a := open(t, 100)
			g := NewGate(a, "units", 10, weight)
			fill(t, g, 10, 20, 30)
			ctx, cancel := context.WithCancel(t.Context())
			loop(ctx, g, func() bool { cancel(); return true })
			require.Zero(t, g.Stats().InHand)
			g.Discard()
			empty(t, b)
		})
	}
}
