package memacct

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// BenchmarkAccounts has many pipelines, each of a gate and two queues on an account of its own, and as many of
// channels, take turns. It reports a unit of the median round as a multiple of the channels': where memory is no
// matter, and where it keeps somebody out all the time, which channels know nothing of.
func BenchmarkAccounts(b *testing.B) {
	for _, accounts := range []int{1, 4, 16, 100, 1000} {
		b.Run(strconv.Itoa(accounts), func(b *testing.B) {
			units := max(100, 100_000/accounts)
			var free, tight, channels []float64
			for b.Loop() {
				channels = append(channels, spent(func() { pipes(b.Context(), accounts, units) }))
				free = append(free, spent(func() { gates(b, 1<<40, accounts, units) }))
				tight = append(tight, spent(func() { gates(b, int64(accounts)*2000, accounts, units) }))
			}
			each := float64(accounts * units)
			b.ReportMetric(median(channels)/each, "channels-ns")
			b.ReportMetric(median(free)/median(channels), "free/channels")
			b.ReportMetric(median(tight)/median(channels), "tight/channels")
			b.ReportMetric(0, "ns/op") // a round of all says nothing
		})
	}
}

func spent(f func()) float64 {
	start := time.Now()
	f()
	return float64(time.Since(start))
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// gates moves units of 100 bytes through as many accounts.
func gates(b *testing.B, limit int64, accounts, units int) {
	ctx, budget := b.Context(), quiet(b, Content(limit))
	unit := &load{100}
	var all sync.WaitGroup
	for i := range accounts {
		a := budget.Account(strconv.Itoa(i))
		g, q1, q2 := NewGate(a, "gate", 64, weight), NewQueue(a, "1", 64, weight), NewQueue(a, "2", 64, weight)
		all.Go(func() {
			defer g.Close()
			for range units {
				if err := g.Put(ctx, unit); err != nil {
					b.Error(err)
					return
				}
			}
		})
		all.Go(func() { forwardAll(b, ctx, g.Leases(ctx), q1) })
		all.Go(func() { forwardAll(b, ctx, q1.Leases(ctx), q2) })
		all.Go(func() { count(q2.All(ctx)) })
	}
	all.Wait()
}

func forwardAll(b *testing.B, ctx context.Context, from func(func(*Lease[*load]) bool), to *Queue[*load]) {
	defer to.Close()
	for l := range from {
		if err := l.Forward(ctx, to); err != nil {
			b.Error(err)
			return
		}
	}
}

// pipes does the same over channels.
func pipes(ctx context.Context, accounts, units int) {
	unit := &load{100}
	var all sync.WaitGroup
	for range accounts {
		g := make(chan *load, 64)
		all.Go(func() {
			defer close(g)
			for range units {
				send(ctx, g, unit)
			}
		})
		q1 := passOn(ctx, &all, g)
		q2 := passOn(ctx, &all, q1)
		all.Go(func() {
			for range q2 {
			}
		})
	}
	all.Wait()
}

func passOn(ctx context.Context, all *sync.WaitGroup, from <-chan *load) <-chan *load {
	to := make(chan *load, 64)
	all.Go(func() {
		defer close(to)
		for u := range from {
			send(ctx, to, u)
		}
	})
	return to
}

func send(ctx context.Context, to chan<- *load, u *load) {
	select {
	case to <- u:
	case <-ctx.Done():
	}
}

// BenchmarkWaiters is what it costs one more put to wait at a gate for memory and to give up, by how many wait there
// already.
func BenchmarkWaiters(b *testing.B) {
	for _, waiting := range []int{1, 100, 10_000} {
		b.Run(strconv.Itoa(waiting), func(b *testing.B) {
			budget := quiet(b, Content(1000))
			g := NewGate(budget.Account("bench"), "gate", 10, weight)
			if err := g.Put(b.Context(), &load{1000}); err != nil {
				b.Fatal(err)
			}
			pull, stop := iter.Pull(g.Leases(b.Context()))
			defer stop()
			if _, ok := pull(); !ok {
				b.Fatal("no lease")
			}
			ctx, cancel := context.WithCancel(b.Context())
			var all sync.WaitGroup
			for range waiting {
				all.Go(func() { _ = g.Put(ctx, &load{500}) })
			}
			for g.Stats().Waiters < waiting {
				time.Sleep(time.Millisecond)
			}
			budget.enter()
			w := budget.newWaiter(&g.q, 500)
			budget.leave()
			for b.Loop() {
				budget.enter()
				budget.core.Enqueue(w)
				budget.core.Cancel(w)
				budget.leave()
			}
			cancel()
			all.Wait()
		})
	}
}
