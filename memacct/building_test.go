package memacct

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// reserve reserves what need not be waited for.
func reserve(t *testing.T, g *Gate[*load], bytes int64) *Reservation[*load] {
	t.Helper()
	r, err := g.Reserve(t.Context(), bytes)
	require.NoError(t, err)
	return r
}

// growLater starts to grow a reservation.
func growLater(ctx context.Context, r *Reservation[*load], to int64) chan error {
	return later(func() error { return r.GrowTo(ctx, to) })
}

func TestAUnitIsChargedWhileItIsBuilt(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 4, weight)
	r := reserve(t, g, 10)
	require.NoError(t, r.GrowTo(t.Context(), 40))
	require.EqualValues(t, 40, b.Stats().Used)
	require.NoError(t, r.GrowTo(t.Context(), 20), "it has as much already")
	require.EqualValues(t, 40, b.Stats().Used)
	require.ErrorContains(t, r.GrowTo(t.Context(), -1), "GrowTo(-1)")
	require.NoError(t, r.Put(t.Context(), &load{35}))
	require.EqualValues(t, 35, b.Stats().Used, "the unit is charged what it weighs")
	require.ErrorIs(t, r.GrowTo(t.Context(), 50), ErrReleased)
	g.Discard()
	empty(t, b)
}

func TestWhoGrowsComesBeforeWhoWaitsAtTheGate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		fill(t, g, 50)
		r := reserve(t, g, 40)
		put := putLater(t.Context(), g, 30)
		grows := growLater(t.Context(), r, 60)
		small := putLater(t.Context(), g, 1)
		require.Len(t, small, 0, "it would fit, and stands behind who grows")
		next, stop := leases(t, g)
		next().Release()
		synctest.Wait()
		require.NoError(t, <-grows)
		require.NoError(t, <-put)
		require.NoError(t, <-small)
		r.Release()
		stop()
		g.Discard()
		empty(t, b)
	})
}

// Each of two builders has half of the memory and wants more. The younger is told so, and what it releases serves the
// other.
func TestOfTwoBuildersTheYoungerIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		first, second := reserve(t, g, 50), reserve(t, g, 50)
		first.Detach()
		second.Detach()
		one := growLater(t.Context(), first, 70)
		require.Empty(t, one, "the other still builds")
		two := growLater(t.Context(), second, 60)
		e := refusedWith(t, <-two)
		require.Equal(t, Stalled, e.Reason)
		require.EqualValues(t, 60, e.Item)
		require.EqualValues(t, 50, e.Held)
		require.ErrorContains(t, e, "a unit of at least 60 B, still being built, does not fit (stalled)")
		require.ErrorContains(t, e, "build fewer at once, raise the budget by 10 B or more")
		require.Empty(t, one)
		second.Release()
		require.NoError(t, <-one)
		require.NoError(t, first.Put(t.Context(), &load{70}))
		g.Discard()
		empty(t, b)
	})
}

func TestAUnitThatOutgrowsTheBudgetIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		big, small := reserve(t, g, 10), reserve(t, g, 10)
		big.Detach()
		small.Detach()
		require.NoError(t, big.GrowTo(t.Context(), 60))
		huge := growLater(t.Context(), big, 101)
		fits := growLater(t.Context(), small, 50)
		e := refusedWith(t, <-huge)
		require.Equal(t, TooLarge, e.Reason, "though the other came later")
		require.EqualValues(t, 101, e.Item)
		big.Release()
		require.NoError(t, <-fits)
		small.Release()
		empty(t, b)
	})
}

func TestABuilderOverruns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100, func(c *Config) { c.Policy = Overrun(20) })
		g := NewGate(a, "units", 4, weight)
		r := reserve(t, g, 90)
		require.NoError(t, r.GrowTo(t.Context(), 120))
		require.EqualValues(t, 20, b.Stats().Debt)
		refusedWith(t, r.GrowTo(t.Context(), 121))
		require.NoError(t, r.Put(t.Context(), &load{120}), "what there is may be put")
		g.Discard()
		empty(t, b)
	})
}

// A giant has the batches of others handed on, and then all the memory.
func TestAGiantGrowsAsOthersDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 8, weight)
		batches := later(func() error { count(g.Batches(t.Context(), Batch{Size: 8})); return nil })
		fill(t, g, 30, 30)
		r := reserve(t, g, 10)
		for n := int64(20); n <= 100; n += 10 {
			require.NoError(t, r.GrowTo(t.Context(), n))
		}
		require.NoError(t, r.Put(t.Context(), &load{100}))
		g.Close()
		require.NoError(t, <-batches)
		empty(t, b)
	})
}

func TestGrowingEndsWithItsContextAndItsGate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		fill(t, g, 60)
		r := reserve(t, g, 40)
		r.Detach()
		ctx, stop := context.WithCancel(t.Context())
		grows := growLater(ctx, r, 50)
		stop()
		require.ErrorIs(t, <-grows, context.Canceled)
		require.ErrorIs(t, r.GrowTo(ctx, 41), context.Canceled)
		require.EqualValues(t, 100, b.Stats().Used, "the reservation is what it was")
		grows = growLater(t.Context(), r, 50)
		g.Close()
		require.ErrorIs(t, <-grows, ErrClosed)
		r.Release()
		g.Discard()
		empty(t, b)
	})
}

// A grant that comes as its context ends is given back, or used: nothing is lost on the way.
func TestAGrownReservationOrItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		for range 200 {
			fill(t, g, 60)
			r := reserve(t, g, 40)
			r.Detach()
			ctx, stop := context.WithCancel(t.Context())
			grows := growLater(ctx, r, 50)
			go stop()
			g.Discard()
			want := int64(50)
			if err := <-grows; err != nil {
				require.ErrorIs(t, err, context.Canceled)
				want = 40
			}
			require.Equal(t, want, b.Stats().Used)
			r.Release()
			stop()
		}
		empty(t, b)
	})
}

func TestGrowingBesideAnotherReservationOfOnesOwnIsTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		rs, err := g.ReserveAll(t.Context(), 50, 50)
		require.NoError(t, err)
		require.ErrorIs(t, rs[0].GrowTo(t.Context(), 60), ErrNested)
		rs[1].Release()
		grows := growLater(t.Context(), rs[0], 60)
		require.NoError(t, <-grows, "what grows is nothing that it waits for")
		rs[0].Release()
		empty(t, b)
	})
}

// Who waits to grow for long does not wait for itself.
func TestAPatientBuilder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 4, weight)
		fill(t, g, 60)
		next, stop := leases(t, g)
		l := next()
		l.Detach()
		built := later(func() error {
			u := g.Building(t.Context())
			defer u.Release()
			if err := u.Weighs(40); err != nil {
				return err
			}
			return u.Weighs(50)
		})
		time.Sleep(time.Hour)
		require.Empty(t, built)
		l.Release()
		require.NoError(t, <-built)
		stop()
		empty(t, b)
	})
}

func TestGrowthDownstreamIsChargedWhileAUnitIsBuilt(t *testing.T) {
	b, _ := open(t, 100)
	a := b.Account("grows", WithGrowth(2))
	g := NewGate(a, "units", 4, weight)
	r := reserve(t, g, 10)
	require.NoError(t, r.GrowTo(t.Context(), 30))
	require.EqualValues(t, 60, b.Stats().Used)
	require.NoError(t, r.GrowTo(t.Context(), 70), "twice as much would not fit, and is an estimate")
	require.EqualValues(t, 70, b.Stats().Used)
	r.Release()
	empty(t, b)
}

func TestBuildingUnits(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 8, weight)
	u := g.Building(t.Context())
	defer u.Release()
	require.NoError(t, u.Put(t.Context(), &load{5}), "nothing was told of it")
	require.NoError(t, u.Weighs(0))
	require.EqualValues(t, 5, b.Stats().Used)
	require.NoError(t, u.Weighs(20))
	require.NoError(t, u.Weighs(30))
	require.EqualValues(t, 35, b.Stats().Used)
	require.NoError(t, u.Put(t.Context(), &load{25}))
	require.EqualValues(t, 30, b.Stats().Used)
	require.NoError(t, u.Weighs(70))
	refusedWith(t, func() error { g.Discard(); return u.Weighs(101) }())
	require.Zero(t, b.Stats().Used, "what was charged for it is released")
	require.NoError(t, u.Weighs(10))
	g.Close()
	require.ErrorIs(t, u.Put(t.Context(), &load{10}), ErrClosed)
	require.Zero(t, b.Stats().Used)
	empty(t, b)
}

func TestNobodyIsChargedOnNoAccount(t *testing.T) {
	g := NewGate[*load](nil, "units", 4, nil)
	u := g.Building(t.Context())
	require.NoError(t, u.Weighs(1<<50))
	require.NoError(t, u.Weighs(1<<51))
	require.NoError(t, u.Put(t.Context(), &load{1}))
}

// Many builders in a budget that has room for a few: each gets its unit through, or is refused and tries again, and in
// the end nothing is left.
func TestBuildersUnderPressure(t *testing.T) {
	measure := liveHeap
	liveHeap = func() int64 { return 0 }
	defer func() { liveHeap = measure }()
	b, a := open(t, 1000)
	g := NewGate(a, "units", 4, weight)
	var builders, all sync.WaitGroup
	taken := 0
	all.Go(func() { taken = count(g.All(t.Context())) })
	const n, each = 8, 200
	for i := range n {
		builders.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			u := g.Building(t.Context())
			defer u.Release()
			for range each {
				for size := 1 + r.Int64N(900); !build(t, u, size, 1+r.Int64N(200)); {
				}
			}
		})
	}
	builders.Wait()
	g.Close()
	all.Wait()
	require.Equal(t, n*each, taken)
	require.LessOrEqual(t, b.Stats().Peak, int64(1000))
	empty(t, b)
}

// build builds one unit, and reports whether it came to its end.
func build(t *testing.T, u *Building[*load], size, step int64) bool {
	for n := step; n < size; n += step {
		if err := u.Weighs(n); err != nil {
			if !errors.Is(err, ErrOverBudget) {
				t.Error(err)
			}
			return false
		}
	}
	if err := u.Weighs(size); err != nil {
		return false
	}
	if err := u.Put(t.Context(), &load{size}); err != nil {
		t.Error(err)
	}
	return true
}
