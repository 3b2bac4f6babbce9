package memacct

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHoldIsChargedByName(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 10, weight)
	results, index, again := a.Hold("results"), a.Hold("index"), a.Hold("index")
	results.Add(70)
	results.Add(-10)
	index.Set(15)
	again.Add(5)
	require.EqualValues(t, 60, results.Bytes())
	s := b.Stats().Accounts[0]
	require.EqualValues(t, 80, s.Named)
	require.Equal(t, []HoldStats{{"results", 60}, {"index", 20}}, s.Holds)
	e := refusedWith(t, g.Put(t.Context(), &load{30}))
	require.Equal(t, Charged, e.Reason)
	require.Contains(t, e.Error(), "charged by name (test: 80 B (results 60 B, index 20 B))")
	require.Contains(t, e.Report(), "80 B (results 60 B, index 20 B)")
	results.Add(-1000)
	require.Zero(t, results.Bytes(), "no less than none")
	require.NoError(t, g.Put(t.Context(), &load{30}))
	g.Discard()
	for _, h := range []*Hold{results, index, again, index} {
		h.Release()
		h.Add(5)
		h.Set(5)
		require.Zero(t, h.Bytes())
	}
	require.Empty(t, b.Stats().Accounts[0].Holds)
	require.Panics(t, func() { results.Set(-1) })
	empty(t, b)
}

// A put that waits goes on when a hold gives memory back.
func TestAHoldThatShrinksLetsPutsIn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 20)
		h := a.Hold("results")
		h.Set(70)
		put := putLater(t.Context(), g, 30)
		require.Empty(t, put)
		h.Add(-40)
		require.NoError(t, <-put)
		h.Release()
		g.Discard()
		empty(t, b)
	})
}

func TestAHoldOfNothing(t *testing.T) {
	off, a := open(t, 100, func(c *Config) { c.Mode = Off })
	for _, a := range []*Account{nil, a} {
		h := a.Hold("results")
		h.Add(1)
		h.Set(2)
		require.Zero(t, h.Bytes())
		h.Release()
	}
	empty(t, off)
}

func TestAHoldOfManyGoroutines(t *testing.T) {
	b, a := open(t, 1<<40)
	h := a.Hold("results")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				h.Add(10)
				h.Add(-3)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 8*1000*7, h.Bytes())
	h.Release()
	empty(t, b)
}

// Who charges what an aggregate keeps has as much left for content as who does not.
func TestAHoldLeavesTheGatesNoLess(t *testing.T) {
	applicationSets(t, math.MaxInt64) // what another test's budget set stays
	b := quiet(t, Process(400*mib))
	a := b.Account("sync")
	kept := make([][]byte, 80)
	for i := range kept {
		kept[i] = make([]byte, mib)
	}
	free := func() int64 {
		for range 20 { // up the budget goes in steps
			runtime.GC()
			b.regulate(b.gov)
		}
		s := b.Stats()
		return s.Limit - s.Used
	}
	without := free()
	h := a.Hold("results")
	at := b.Stats()
	h.Set(80 * mib)
	now := b.Stats()
	// The look that follows the last collection may come between the two, and finds a few bytes more or less alive.
	require.InDelta(t, at.Limit-at.Used, now.Limit-now.Used, float64(mib), "before the budget looks at the process again, too")
	require.InEpsilon(t, without, free(), 0.05)
	require.Zero(t, b.Stats().Debt)
	h.Release()
	require.InEpsilon(t, without, free(), 0.05)
	runtime.KeepAlive(kept)
	empty(t, b)
	debug.FreeOSMemory() // other tests weigh the process
}
