package memacct

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A meal is a schedule of batching stages that are short of memory all the time.
type meal struct {
	name      string
	limit     int64
	pipelines int
	read      time.Duration   // how long the first stage needs for a unit
	stages    []time.Duration // and each stage for a batch
	each      time.Duration   // and for each unit in it
	single    int             // which stage takes single units; -1 is none
	size      func(r *rand.Rand) int64
}

const (
	mealUnits = 10_000
	mealBatch = 500
)

func even(bytes int64) func(*rand.Rand) int64 { return func(*rand.Rand) int64 { return bytes } }

// tailed is small units and now and then one of giant bytes.
func tailed(small, giant int64, seldom int) func(*rand.Rand) int64 {
	return func(r *rand.Rand) int64 {
		if r.IntN(seldom) == 0 {
			return giant
		}
		return 1 + r.Int64N(small)
	}
}

// Under pressure batches stay large: on average four fifths at least of what the budget allows each batching stage.
func TestBatchesUnderPressureStayLarge(t *testing.T) {
	const ms, us = time.Millisecond, time.Microsecond
	for _, m := range []meal{
		{name: "one stage", limit: 10_000, stages: []time.Duration{ms}, size: even(100)},
		{name: "one stage, few units", limit: 1000, stages: []time.Duration{ms}, size: even(70)},
		{name: "a slow source", limit: 10_000, read: 20 * us, stages: []time.Duration{ms}, size: even(100)},
		{name: "two stages", limit: 10_000, stages: []time.Duration{ms, ms}, each: 10 * us, size: even(100)},
		{name: "two stages, few units", limit: 1000, stages: []time.Duration{ms, ms}, size: even(70)},
		{name: "the second is slower", limit: 10_000, stages: []time.Duration{us, 5 * ms}, size: even(100)},
		{name: "the first is slower", limit: 10_000, stages: []time.Duration{5 * ms, us}, size: even(100)},
		{name: "three stages", limit: 10_000, stages: []time.Duration{5 * ms, us, ms}, size: even(100)},
		{name: "a heavy tail", limit: 100_000, stages: []time.Duration{ms, ms}, size: tailed(100, 20_000, 200)},
		{name: "giants", limit: 100_000, stages: []time.Duration{ms, ms}, size: tailed(1000, 70_000, 500)},
		{name: "single units first", limit: 10_000, stages: []time.Duration{10 * us, ms}, single: 1, size: even(100)},
		{name: "single units last", limit: 10_000, stages: []time.Duration{ms, 100 * us}, single: 2, size: even(100)},
		{name: "two pipelines", limit: 10_000, pipelines: 2, stages: []time.Duration{ms}, size: even(100)},
		{name: "two pipelines of two stages", limit: 50_000, pipelines: 2, stages: []time.Duration{ms, 3 * ms}, size: tailed(100, 9000, 100)},
	} {
		t.Run(m.name, func(t *testing.T) { bubble(t, m.serve) })
	}
}

func (m meal) serve(t *testing.T) {
	b, a := open(t, m.limit)
	var all sync.WaitGroup
	for i := range max(1, m.pipelines) {
		on := a
		if i > 0 {
			on = b.Account("other")
		}
		all.Go(func() { m.pipeline(t, on) })
	}
	all.Wait()
	for _, q := range b.Stats().Queues {
		s := q.Batches
		if s.Total() == 0 {
			continue
		}
		mean := float64(s.Units) / float64(s.Total()-s.End) // the rest at the end is what it is
		allowed := m.allowed()
		t.Logf("%s/%s: %.1f units, %.2f of the %.1f that fit", q.Account, q.Name, mean, mean/allowed, allowed)
		require.GreaterOrEqual(t, mean, 0.8*allowed, "%s: %+v", q.Name, s)
		require.Greater(t, s.Pressure, 10*s.End, "%s: there was no pressure", q.Name)
	}
	empty(t, b)
}

// allowed is the mean batch in units if each were as large as one batching stage's part of the budget.
func (m meal) allowed() float64 {
	part := m.limit / int64(m.batching())
	batches, n, bytes := 1, 0, int64(0)
	for l := range m.units() {
		if n > 0 && (n == mealBatch || l.bytes > part-bytes) {
			batches, n, bytes = batches+1, 0, 0
		}
		n, bytes = n+1, bytes+l.bytes
	}
	return float64(mealUnits) / float64(batches)
}

func (m meal) batching() int {
	n := len(m.stages)
	if m.single > 0 {
		n--
	}
	return n * max(1, m.pipelines)
}

func (m meal) units() func(func(*load) bool) {
	return func(yield func(*load) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		for range mealUnits {
			if !yield(&load{m.size(r)}) {
				return
			}
		}
	}
}

func (m meal) pipeline(t *testing.T, a *Account) {
	g := NewGate(a, "gate", 1000, weight)
	queues := []*line[*load]{&g.line}
	var next []*Queue[*load]
	for i := range m.stages[1:] {
		next = append(next, NewQueue(a, fmt.Sprint("queue ", i+1), 1000, weight))
		queues = append(queues, &next[i].line)
	}
	var all sync.WaitGroup
	for i, takes := range m.stages {
		all.Go(func() {
			size := mealBatch
			if i == m.single-1 {
				size = 1
			}
			for batch := range queues[i].LeaseBatches(t.Context(), Batch{Size: size}) {
				time.Sleep(takes + time.Duration(len(batch.Units()))*m.each)
				if i < len(next) {
					require.NoError(t, batch.ForwardAll(t.Context(), next[i]))
				}
			}
			if i < len(next) {
				next[i].Close()
			}
		})
	}
	for l := range m.units() {
		time.Sleep(m.read)
		require.NoError(t, g.Put(t.Context(), l))
	}
	g.Close()
	all.Wait()
}
