package memacct

import (
	"reflect"
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

func TestSettlingAReservationIsNoSecondWait(t *testing.T) {
	b, a := open(t, 10, func(c *Config) { c.Mode = Shadow })
	g := NewGate(a, "units", 10, weight)
	r, err := g.Reserve(t.Context(), 20)
	require.NoError(t, err)
	require.NoError(t, r.Put(t.Context(), &load{20}))
	require.Equal(t, int64(1), b.Stats().WouldWait)
	g.Discard()
	empty(t, b)
}
