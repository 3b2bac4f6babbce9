package memacct

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// inflate runs units through a stage that makes them thrice as heavy, and returns the budget's peak.
func inflate(t *testing.T, opts ...AccountOption) (peak int64, growth float64) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := open(t, 1000)
		a := b.Account("inflate", opts...)
		g, q := NewGate(a, "gate", 50, weight), NewQueue(a, "queue", 50, weight)
		go func() {
			defer g.Close()
			for range 500 {
				if err := g.Put(t.Context(), &load{10}); err != nil {
					t.Error(err)
				}
			}
		}()
		go func() {
			defer q.Close()
			for batch := range g.LeaseBatches(t.Context(), Batch{Size: 100}) {
				for _, u := range batch.Units() {
					u.bytes *= 3
				}
				if err := batch.ForwardAll(t.Context(), q); err != nil {
					t.Error(err)
				}
			}
		}()
		n := 0
		for batch := range q.Batches(t.Context(), Batch{Size: 100}) {
			n += len(batch)
		}
		require.Equal(t, 500, n)
		peak, growth = b.Stats().Peak, a.Stats().Growth
		empty(t, b)
	})
	return peak, growth
}

// Stages grow units each in its own way, and batches of units that do not grow must not have those forgotten that do.
func TestGrowthIsLearnedQueueByQueue(t *testing.T) {
	for _, asked := range []bool{false, true} {
		b, a := open(t, 10_000)
		if asked {
			a = b.Account("asked", WithGrowth(2))
		}
		g, same, grown := NewGate(a, "gate", 200, weight), NewQueue(a, "same", 200, weight), NewQueue(a, "grown", 200, weight)
		queues := []*line[*load]{&g.line, &same.line, &grown.line}
		for range 100 {
			for range 100 {
				require.NoError(t, g.Put(t.Context(), &load{10}))
			}
			for i, next := range []*Queue[*load]{same, grown} {
				for batch := range queues[i].LeaseBatches(t.Context(), Batch{Size: 100}) {
					for _, u := range batch.Units() {
						u.bytes += int64(i) * 20
					}
					require.NoError(t, batch.ForwardAll(t.Context(), next))
					break
				}
			}
			grown.Discard()
		}
		require.Zero(t, g.Stats().Growth, "nothing was measured again there")
		require.Equal(t, 1.0, same.Stats().Growth)
		require.Equal(t, 3.0, grown.Stats().Growth)
		if asked {
			require.Equal(t, 3.0, a.Stats().Growth)
		} else {
			require.Zero(t, a.Stats().Growth)
		}
		empty(t, b)
	}
}

func TestExpectedGrowthIsReserved(t *testing.T) {
	b, _ := open(t, 1000)
	a := b.Account("reserved", WithGrowth(3))
	g := NewGate(a, "gate", 50, weight)
	rs, err := g.ReserveAll(t.Context(), 100, 50)
	require.NoError(t, err)
	require.Equal(t, int64(450), b.Stats().Used)
	require.NoError(t, rs[0].Put(t.Context(), &load{60})) // it is less than was thought
	require.Equal(t, int64(180+150), b.Stats().Used)
	rs[1].Release()
	require.Equal(t, int64(180), b.Stats().Used)
	g.Discard()
	_, err = g.ReserveAll(t.Context(), 1<<62, 1<<62)
	require.ErrorIs(t, err, ErrOverBudget)
	empty(t, b)
}

// A tiny unit that grew much says little of others.
func TestAnExpectationHasNobodyRefused(t *testing.T) {
	b, _ := open(t, 1<<20)
	a := b.Account("growing", WithGrowth(1))
	g, q := NewGate(a, "gate", 50, weight), NewQueue(a, "queue", 50, weight)
	fill(t, g, 1) // one byte
	for l := range g.Leases(t.Context()) {
		l.Value().bytes = 100_000 // a tenth of the budget
		require.NoError(t, l.Forward(t.Context(), q))
		break
	}
	q.Discard()
	require.Zero(t, b.Stats().Used)
	require.NoError(t, g.Put(t.Context(), &load{100})) // 100 B of 1 MiB, nothing in flight
	g.Discard()
	empty(t, b)
}

func TestGrowthIsDebt(t *testing.T) {
	peak, growth := inflate(t)
	require.Greater(t, peak, int64(1000), "nobody said that units grow")
	require.Zero(t, growth)
}

func TestExpectedGrowthIsChargedAtTheGate(t *testing.T) {
	peak, growth := inflate(t, WithGrowth(3))
	require.LessOrEqual(t, peak, int64(1000))
	require.InDelta(t, 3, growth, 0.01)
}

func TestGrowthIsLearned(t *testing.T) {
	_, growth := inflate(t, WithGrowth(1))
	require.InDelta(t, 3, growth, 0.01)
}

func TestGrowthThatStopsIsForgotten(t *testing.T) {
	b, _ := open(t, 1000)
	a := b.Account("once", WithGrowth(4))
	g, q := NewGate(a, "gate", 50, weight), NewQueue(a, "queue", 50, weight)
	for range 6 * givenMemory {
		require.NoError(t, g.Put(t.Context(), &load{10}))
		for l := range g.Leases(t.Context()) {
			require.NoError(t, l.Forward(t.Context(), q))
			break
		}
		q.Discard()
	}
	require.Less(t, a.Stats().Growth, 1.01)
	empty(t, b)
}

func TestGrowthFactorIsChecked(t *testing.T) {
	require.Panics(t, func() { WithGrowth(0.5) })
}

// What a unit is expected to weigh is an estimate, and must have no reservation refused either.
func TestAReservationIsNotRefusedForWhatIsExpected(t *testing.T) {
	b, _ := open(t, 1000)
	g := NewGate(b.Account("grows", WithGrowth(3)), "units", 10, weight)
	rs, err := g.ReserveAll(t.Context(), 300, 500)
	require.NoError(t, err)
	require.EqualValues(t, 800, b.Stats().Used)
	for i, n := range []int64{300, 500} {
		require.NoError(t, rs[i].Put(t.Context(), &load{n}))
	}
	require.Equal(t, 2, g.Discard())
	empty(t, b)
}
