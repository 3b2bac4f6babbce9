package memacct

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"
)

// peers of a gate are what people write today: a channel, a channel with select on ctx at both ends, and that with a
// semaphore for the bytes.
var peers = []struct {
	name string
	open func(b *testing.B) transport
}{
	{"chan", openChan}, {"chan-select", openSelect}, {"chan-semaphore", openSemaphore}, {"gate", openGate}, {"gate-nil", openNil},
}

var shapes = []struct {
	name                 string
	producers, consumers int
}{{"1P1C", 1, 1}, {"16P4C", 16, 4}}

// BenchmarkPutGet moves b.N units from producers to consumers.
func BenchmarkPutGet(b *testing.B) {
	for _, shape := range shapes {
		for _, peer := range peers {
			b.Run(shape.name+"/"+peer.name, func(b *testing.B) {
				b.ReportAllocs()
				b.ResetTimer()
				pump(b, peer.open(b), shape.producers, shape.consumers, b.N)
			})
		}
	}
}

// BenchmarkRatio has all peers move units in short rounds that take turns, so that what else the machine does hits
// all alike, and reports the median round of each as a multiple of the channel's. The order is another each time: a
// round is up to a third slower or faster by what ran just before it, such as one that had all processors sleep.
func BenchmarkRatio(b *testing.B) {
	const units = 50_000
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			rounds := make([][]float64, len(peers))
			r := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				for _, i := range r.Perm(len(peers)) {
					t := peers[i].open(b)
					start := time.Now()
					pump(b, t, shape.producers, shape.consumers, units)
					rounds[i] = append(rounds[i], float64(time.Since(start)))
				}
			}
			middle := make([]float64, len(peers))
			for i, all := range rounds {
				middle[i] = median(all)
			}
			for i, peer := range peers[1:] {
				b.ReportMetric(middle[i+1]/middle[0], peer.name+"/chan")
			}
			b.ReportMetric(middle[0]/units, "chan-ns")
			b.ReportMetric(0, "ns/op") // a round of all says nothing
		})
	}
}

const benchSlots = 256

// transport is one way to move units.
type transport struct {
	put   func(ctx context.Context, l *load) error
	drain func(ctx context.Context)
	close func()
}

// pump moves n units.
func pump(b *testing.B, t transport, producers, consumers, n int) {
	ctx, cancel := context.WithCancel(b.Context()) // a context that can end, as in a real service
	defer cancel()
	unit := &load{100}
	var in, out sync.WaitGroup
	for range consumers {
		out.Go(func() { t.drain(ctx) })
	}
	for p := range producers {
		in.Go(func() {
			for range n/producers + min(1, max(0, n%producers-p)) {
				if err := t.put(ctx, unit); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	in.Wait()
	t.close()
	out.Wait()
}

func benchAccount(b *testing.B) *Account {
	budget, err := New(Config{Limit: Content(1 << 30), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	return budget.Account("bench")
}

func openGate(b *testing.B) transport { return gateTransport(benchAccount(b)) }

func openNil(*testing.B) transport { return gateTransport(nil) }

func gateTransport(a *Account) transport {
	g := NewGate(a, "units", benchSlots, weight)
	put := func(ctx context.Context, l *load) error { return g.Put(ctx, l) } // as in a stage, where Put is inlined
	return transport{put, func(ctx context.Context) {
		for range g.All(ctx) {
		}
	}, g.Close}
}

func openChan(*testing.B) transport {
	c := make(chan *load, benchSlots)
	return transport{
		func(_ context.Context, l *load) error { c <- l; return nil },
		func(context.Context) {
			for range c {
			}
		},
		func() { close(c) },
	}
}

func openSelect(*testing.B) transport {
	c := make(chan *load, benchSlots)
	return transport{func(ctx context.Context, l *load) error {
		select {
		case c <- l:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func(ctx context.Context) {
		for {
			select {
			case _, ok := <-c:
				if !ok {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}, func() { close(c) }}
}

func openSemaphore(b *testing.B) transport {
	c := make(chan *load, benchSlots)
	s := semaphore.NewWeighted(1 << 30)
	return transport{func(ctx context.Context, l *load) error {
		if err := s.Acquire(ctx, weight(l)); err != nil {
			return err
		}
		c <- l
		return nil
	}, func(context.Context) {
		for l := range c {
			s.Release(weight(l))
		}
	}, func() { close(c) }}
}

// BenchmarkBatches is PutGet in batches at both ends.
func BenchmarkBatches(b *testing.B) {
	for _, size := range []int{32, 500} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			b.ReportAllocs()
			g := NewGate(benchAccount(b), "gate", max(benchSlots, 2*size), weight)
			batch := slices.Repeat([]*load{{100}}, size)
			var all sync.WaitGroup
			all.Go(func() {
				for range g.Batches(b.Context(), Batch{Size: size}) {
				}
			})
			for n := 0; n < b.N; n += size {
				if _, err := g.PutAll(b.Context(), batch...); err != nil {
					b.Fatal(err)
				}
			}
			g.Close()
			all.Wait()
		})
	}
}

// BenchmarkReserve is a reservation that is settled with its unit.
func BenchmarkReserve(b *testing.B) {
	b.ReportAllocs()
	g := NewGate(benchAccount(b), "gate", benchSlots, weight)
	unit := &load{100}
	var all sync.WaitGroup
	all.Go(func() { count(g.All(b.Context())) })
	for b.Loop() {
		r, err := g.Reserve(b.Context(), unit.bytes)
		if err == nil {
			err = r.Put(b.Context(), unit)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	g.Close()
	all.Wait()
}

// BenchmarkGrow is a reservation that grows sixteen times on its way, by what a reader tells of its unit: the steps
// allocate nothing.
func BenchmarkGrow(b *testing.B) {
	b.ReportAllocs()
	g := NewGate(benchAccount(b), "gate", benchSlots, weight)
	unit := &load{1600}
	var all sync.WaitGroup
	all.Go(func() { count(g.All(b.Context())) })
	built := g.Building(b.Context())
	for b.Loop() {
		var err error
		for i := range int64(16) {
			err = errors.Join(err, built.Weighs(100*(i+1)))
		}
		if err = errors.Join(err, built.Put(b.Context(), unit)); err != nil {
			b.Fatal(err)
		}
	}
	g.Close()
	all.Wait()
}

// BenchmarkForward moves units from a gate to a queue, one by one and in batches: one put, one move, one get.
func BenchmarkForward(b *testing.B) {
	for _, way := range []struct {
		name string
		move func(ctx context.Context, g *Gate[*load], q *Queue[*load]) error
	}{
		{"leases", func(ctx context.Context, g *Gate[*load], q *Queue[*load]) (err error) {
			for l := range g.Leases(ctx) {
				err = errors.Join(err, l.Forward(ctx, q))
			}
			return err
		}},
		{"batches of 100", func(ctx context.Context, g *Gate[*load], q *Queue[*load]) (err error) {
			for batch := range g.LeaseBatches(ctx, Batch{Size: 100}) {
				err = errors.Join(err, batch.ForwardAll(ctx, q))
			}
			return err
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			a := benchAccount(b)
			g, q := NewGate(a, "gate", benchSlots, weight), NewQueue(a, "queue", benchSlots, weight)
			unit := &load{100}
			var all sync.WaitGroup
			all.Go(func() {
				defer q.Close()
				if err := way.move(b.Context(), g, q); err != nil {
					b.Error(err)
				}
			})
			all.Go(func() { count(q.All(b.Context())) })
			for b.Loop() {
				if err := g.Put(b.Context(), unit); err != nil {
					b.Fatal(err)
				}
			}
			g.Close()
			all.Wait()
		})
	}
}

// BenchmarkChan is a unit received by a channel of leases, beside one of a loop over leases.
func BenchmarkChan(b *testing.B) {
	for name, each := range map[string]func(context.Context, *Gate[*load]) iter.Seq[*Lease[*load]]{
		"Leases": func(ctx context.Context, g *Gate[*load]) iter.Seq[*Lease[*load]] { return g.Leases(ctx) },
		"Chan": func(ctx context.Context, g *Gate[*load]) iter.Seq[*Lease[*load]] {
			return func(yield func(*Lease[*load]) bool) {
				for l := range g.Chan(ctx) {
					if !yield(l) {
						return
					}
				}
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			g := NewGate(benchAccount(b), "units", benchSlots, weight)
			unit := &load{100}
			go func() {
				defer g.Close()
				for range b.N {
					_ = g.Put(b.Context(), unit)
				}
			}()
			for l := range each(b.Context(), g) {
				l.Release()
			}
		})
	}
}
