package memacct

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// opened returns a gate whose inbox is open: one unit of one byte is in its queue.
func opened(t *testing.T, a *Account, slots int) *Gate[*load] {
	g := NewGate(a, "units", slots, weight)
	require.NoError(t, g.Put(t.Context(), &load{1}))
	require.NotZero(t, g.in.Load().credit.Load())
	return g
}

func TestWhatIsPutWithoutTheLockIsSeenUnderIt(t *testing.T) {
	b, a := open(t, 1000)
	g := opened(t, a, 16)
	require.NoError(t, g.Put(t.Context(), &load{10}))
	require.Equal(t, 1, g.ring.n, "it went by the lock, and this test shows nothing")
	require.Equal(t, int64(11), b.Stats().Used)
	require.Equal(t, 2, g.Len())
	g.Close()
	require.Equal(t, 2, count(g.All(t.Context())))
	empty(t, b)
}

func TestAnInboxGivesNoMoreThanThereIs(t *testing.T) {
	b, a := open(t, 100)
	g := opened(t, a, 8)
	for range 7 {
		require.NoError(t, g.Put(t.Context(), &load{10}))
	}
	require.Equal(t, none, g.in.Load().takeSlot(1), "the ninth of eight slots")
	require.Equal(t, none, g.in.Load().takeSlot(0))
	g.Discard()

	g = opened(t, a, 16)
	require.Equal(t, none, g.in.Load().takeSlot(100))
	require.NotEqual(t, none, g.in.Load().takeSlot(99))
	require.Equal(t, none, g.in.Load().takeSlot(1))
	require.Equal(t, int64(100), b.Stats().Used)
}

func TestAnInboxStaysShutWhileSomebodyMustKnow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		shut := func(g *Gate[*load]) {
			t.Helper()
			in := g.in.Load()
			require.True(t, in == nil || in.credit.Load() == 0)
		}
		g := opened(t, a, 16)
		full := NewGate(a, "full", 1, weight)
		put := putLater(t.Context(), full, 100)
		shut(g) // somebody waits for memory
		g.Discard()
		require.NoError(t, <-put)
		full.Discard()

		step := make(chan struct{})
		_, end := steps(t, g, step) // a loop sleeps on it
		fill(t, g, 1)
		synctest.Wait()
		close(step)
		synctest.Wait()
		shut(g)

		g.Close()
		shut(g)
		require.NoError(t, <-end)
		empty(t, b)
	})
}

// A put that is overtaken between taking its slot and filling it enters its unit itself, once it goes on.
func TestAUnitThatIsLateForItsInboxArrives(t *testing.T) {
	b, a := open(t, 100)
	g := opened(t, a, 16)
	in := g.in.Load()
	slot := in.takeSlot(10)
	require.NoError(t, g.Put(t.Context(), &load{20})) // into the slot behind it
	s := b.Stats()
	require.Equal(t, int64(31), s.Used, "a unit is charged from the slot on")
	require.Equal(t, 3, s.Units)
	g.Close()
	require.False(t, g.Drained())
	for l := range g.All(t.Context()) {
		require.NotEqual(t, int64(10), l.bytes)
		if l.bytes == 20 {
			require.False(t, in.fill(slot, &load{10}, 10))
			g.arriveLate(&load{10}, 10)
			break
		}
	}
	require.Equal(t, 1, count(g.All(t.Context())))
	empty(t, b)
}

// Whatever the order of taking, filling and looking by others: every unit arrives once, and what is charged is what
// was claimed.
func TestInboxInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, a := open(t, 200)
		s := &scribes{g: opened(t, a, rapid.IntRange(4, 20).Draw(rt, "slots")), claimed: 1}
		rt.Repeat(map[string]func(*rapid.T){
			"claim": func(rt *rapid.T) { s.takeSlot(rapid.Int64Range(0, 40).Draw(rt, "bytes")) },
			"fill": func(rt *rapid.T) {
				if len(s.writing) > 0 {
					s.fill(rapid.IntRange(0, len(s.writing)-1).Draw(rt, "who"))
				}
			},
			"take": func(rt *rapid.T) { s.take(min(s.g.Len(), rapid.IntRange(1, 5).Draw(rt, "units"))) },
			"look": func(rt *rapid.T) {
				now := b.Stats()
				require.Equal(rt, s.claimed-s.arrived, now.Used)
				require.LessOrEqual(rt, now.Used, now.Limit)
			},
		})
		for len(s.writing) > 0 {
			s.fill(0)
		}
		s.g.Close()
		s.take(s.g.Len())
		require.Equal(rt, s.claimed, s.arrived)
		empty(t, b)
	})
}

// scribes are producers stopped between a claim and its fill.
type scribes struct {
	g                *Gate[*load]
	writing          []scribe
	claimed, arrived int64 // bytes
}

type scribe struct {
	in   *inbox[*load]
	slot int
	v    *load
}

func (s *scribes) takeSlot(n int64) {
	in := s.g.in.Load()
	if in == nil || in.credit.Load() == 0 {
		s.g.b.enter() // as a put by the lock does: an inbox that nobody used is not opened again
		s.g.b.postedLocked(&s.g.line)
		s.g.b.leave()
		in = s.g.in.Load()
	}
	if in == nil {
		return
	}
	if slot := in.takeSlot(n); slot != none {
		s.writing = append(s.writing, scribe{in, slot, &load{n}})
		s.claimed += n
	}
}

func (s *scribes) fill(i int) {
	w := s.writing[i]
	s.writing = slices.Delete(s.writing, i, i+1)
	if !w.in.fill(w.slot, w.v, w.v.bytes) {
		s.g.arriveLate(w.v, w.v.bytes)
	}
}

func (s *scribes) take(n int) {
	if n == 0 {
		return
	}
	for l := range s.g.All(context.Background()) {
		s.arrived += l.bytes
		if n--; n == 0 {
			break
		}
	}
}

// Producers and consumers go by the inbox while others take the lock all the time.
func TestInboxBesideOthersWithTheLock(t *testing.T) {
	const producers, each = 8, 20_000
	b, a := open(t, 5000)
	type numbered struct{ producer, n int }
	g := NewGate(a, "units", 200, func(numbered) int64 { return 10 })
	var in, others sync.WaitGroup
	for p := range producers {
		in.Go(func() {
			for n := range each {
				if err := g.Put(t.Context(), numbered{p, n}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	others.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				s := b.Stats()
				if s.Used > s.Limit || s.Used != 10*int64(s.Units) {
					t.Errorf("%d bytes of %d in use by %d units", s.Used, s.Limit, s.Units)
				}
				runtime.Gosched()
			}
		}
	})
	var next [producers]int
	others.Go(func() {
		for u := range g.All(t.Context()) {
			if u.n != next[u.producer] {
				t.Errorf("unit %d of producer %d came where %d was due", u.n, u.producer, next[u.producer])
			}
			next[u.producer] = u.n + 1
		}
		close(done)
	})
	in.Wait()
	g.Close()
	others.Wait()
	for p := range producers {
		require.Equal(t, each, next[p])
	}
	empty(t, b)
}
