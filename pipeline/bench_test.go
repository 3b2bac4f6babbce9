package pipeline

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncmem/syncmem/memacct"
)

// ways are four stages behind a source, each passing on what it takes, made in different ways. Slots are the same
// everywhere.
const (
	benchUnits = 50_000
	benchDepth = 256
	benchBatch = 100
)

var ways = []struct {
	name string
	run  func(b *testing.B, cfg Config[*unit])
}{
	{"channels", func(_ *testing.B, _ Config[*unit]) { overChannels() }},
	{"batched channels", func(_ *testing.B, _ Config[*unit]) { overBatches() }},
	{"All and Put", ours(func() Stage[*unit] {
		return stageFunc{"put", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
			for u := range in.All(ctx) {
				if err := out.Put(ctx, u); err != nil {
					return err
				}
			}
			return ctx.Err()
		}}
	})},
	{"Batches and Put", ours(func() Stage[*unit] { return byUnit((*Out[*unit]).Put) })},
	{"Batches and Pass", ours(func() Stage[*unit] { return byUnit((*Out[*unit]).Pass) })},
	{"Each", ours(func() Stage[*unit] { return Each("each", func(context.Context, *unit) error { return nil }) })},
	{"InBatches", ours(func() Stage[*unit] {
		return InBatches("batches", benchBatch, func(context.Context, []*unit) error { return nil })
	})},
	{"Filter", ours(func() Stage[*unit] {
		return Filter("filter", benchBatch, func(context.Context, []*unit, []bool) error { return nil })
	})},
}

// BenchmarkStages has the ways take turns in short rounds, so that what else the machine does hits all alike, and
// reports the median round of each: nanoseconds a unit for all stages together, and as a multiple of the channels'.
func BenchmarkStages(b *testing.B) {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 30), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	rounds := make([][]float64, len(ways))
	r := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		for _, i := range r.Perm(len(ways)) {
			a := budget.Account("bench")
			start := time.Now()
			ways[i].run(b, Config[*unit]{Account: a, Size: size, Depth: benchDepth, BatchSize: benchBatch})
			rounds[i] = append(rounds[i], float64(time.Since(start))/benchUnits)
			a.Close()
		}
	}
	var channels float64
	for i, all := range rounds {
		slices.Sort(all)
		middle := all[len(all)/2]
		if i == 0 {
			channels = middle
			b.ReportMetric(channels, "channels-ns")
			continue
		}
		b.ReportMetric(middle/channels, strings.ReplaceAll(ways[i].name, " ", "-")+"/channels")
	}
	b.ReportMetric(0, "ns/op") // a round of all says nothing
}

// ours runs four stages of a kind.
func ours(stage func() Stage[*unit]) func(*testing.B, Config[*unit]) {
	return func(b *testing.B, cfg Config[*unit]) {
		rep, err := Run(b.Context(), cfg, emit(benchUnits), stage(), stage(), stage(), stage())
		if err != nil || rep.Ended != benchUnits {
			b.Fatal(rep, err)
		}
	}
}

// byUnit is a stage that takes batches and emits each unit.
func byUnit(put func(*Out[*unit], context.Context, *unit) error) Stage[*unit] {
	return stageFunc{"emit", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
		for units := range in.Batches(ctx, benchBatch) {
			for _, u := range units {
				if err := put(out, ctx, u); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	}}
}

func overChannels() {
	first := make(chan *unit, benchDepth)
	go func() {
		for i := range benchUnits {
			first <- &unit{i, 10}
		}
		close(first)
	}()
	for range passOn(passOn(passOn(first, benchDepth), benchDepth), benchDepth) {
	}
}

func overBatches() {
	const depth = benchDepth / benchBatch
	first := make(chan []*unit, depth)
	go func() {
		batch := make([]*unit, 0, benchBatch)
		for i := range benchUnits {
			if batch = append(batch, &unit{i, 10}); len(batch) == benchBatch {
				first <- batch
				batch = make([]*unit, 0, benchBatch)
			}
		}
		close(first)
	}()
	for range passOn(passOn(passOn(first, depth), depth), depth) {
	}
}

// passOn is a stage between channels.
func passOn[T any](from chan T, depth int) chan T {
	to := make(chan T, depth)
	go func() {
		for v := range from {
			to <- v
		}
		close(to)
	}()
	return to
}
