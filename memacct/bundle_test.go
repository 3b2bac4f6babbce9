package memacct

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUnknownSizeReservesTheMeanOfTheGate(t *testing.T) {
	b, a := open(t, 1<<20)
	g, other := NewGate(a, "units", 10, weight), NewGate(a, "others", 10, weight)
	r, err := g.Reserve(t.Context(), 0)
	require.NoError(t, err)
	require.EqualValues(t, firstGuess, b.Stats().Used)
	require.NoError(t, r.Put(t.Context(), &load{300}))
	fill(t, g, 100)
	fill(t, other, 5000)
	used := b.Stats().Used

	r, err = g.Reserve(t.Context(), 0)
	require.NoError(t, err)
	require.EqualValues(t, 200, b.Stats().Used-used)
	r.Release()
	rs, err := g.ReserveAll(t.Context(), 0, 50, 0)
	require.NoError(t, err)
	require.EqualValues(t, 450, b.Stats().Used-used)
	for _, r := range rs {
		r.Release()
	}
	g.Discard()
	other.Discard()
	empty(t, b)
}

func TestGuessRefusesNobody(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 10, weight)
	r, err := g.Reserve(t.Context(), 0)
	require.NoError(t, err, "a first guess above the whole limit")
	require.NoError(t, r.Put(t.Context(), &load{600}))
	require.EqualValues(t, 600, b.Stats().Used)
	require.Zero(t, b.Stats().Refused)
	g.Discard()
	empty(t, b)
}

func TestLostReservationIsFoundBeforeItsBundleIsFull(t *testing.T) {
	b, a, _ := logged(t)
	g := NewGate(a, "units", 100, weight)
	for range bundleSize + 3 {
		r, err := g.Reserve(t.Context(), 10)
		require.NoError(t, err)
		r.Release()
	}
	_, err := g.Reserve(t.Context(), 40) // and nobody reserves after that
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		runtime.GC()
		return b.Stats().Misuse == 1
	}, 10*time.Second, time.Millisecond)
	require.Zero(t, b.Stats().Used)
	require.Empty(t, b.holders.reservations)
	empty(t, b)
}

func TestReservationsAndLeasesCostNoAllocationEach(t *testing.T) {
	_, a := open(t, 1<<20)
	g, q := NewGate(a, "units", 100, weight), NewQueue(a, "later", 100, weight)
	unit := &load{10}
	require.Less(t, testing.AllocsPerRun(1000, func() {
		r, err := g.Reserve(t.Context(), 10)
		if err != nil || r.Put(t.Context(), unit) != nil {
			t.Fatal(err)
		}
		if g.Len() == 100 {
			g.Discard()
		}
	}), 1.0)
	g.Discard()
	next, stop := leases(t, g)
	defer stop()
	require.Less(t, testing.AllocsPerRun(1000, func() {
		err := g.Put(t.Context(), unit)
		if err != nil || next().Forward(t.Context(), q) != nil {
			t.Fatal(err)
		}
		if q.Len() == 100 {
			q.Discard()
		}
	}), 1.0)
}

func TestLostLeaseIsFoundThoughOthersOfItsLoopAreInUse(t *testing.T) {
	b, a, _ := logged(t)
	g := NewGate(a, "units", 100, weight)
	fill(t, g, 1, 1, 1, 1, 1, 1, 1, 40, 1, 1)
	next, stop := leases(t, g)
	defer stop()
	for range 7 {
		next().Release()
	}
	next().Detach() // and lost
	last := next()
	require.Eventually(t, func() bool {
		runtime.GC()
		return b.Stats().Misuse == 1
	}, 10*time.Second, time.Millisecond)
	require.EqualValues(t, 2, b.Stats().Used)
	require.NotNil(t, last.Value())
	last.Release()
	require.Nil(t, last.Value())
	g.Discard()
	stop()
	empty(t, b)
}
