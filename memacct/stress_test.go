package memacct

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stressFor is how long the stress runs: 4 s, or what SYNCMEM_STRESS says.
func stressFor(t *testing.T) time.Duration {
	text := os.Getenv("SYNCMEM_STRESS")
	if text == "" {
		return 4 * time.Second
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// patience is how long the stress may go without a step before it counts as hung.
const patience = 20 * time.Second

// TestStress runs 16 producers and four stages on two accounts, with sizes, cancels, panics and limits at
// random, in real time. Whatever happens, everything goes on moving, and nothing is left at the end.
func TestStress(t *testing.T) {
	b, a := open(t, 4000, func(c *Config) { c.Policy = Overrun(2000) })
	s := &stress{b: b}
	stop := s.watch(t)
	ctx, cancel := context.WithTimeout(t.Context(), stressFor(t))
	defer cancel()
	var all sync.WaitGroup
	for _, x := range []*Account{a, b.Account("other", WithFloor(500), WithWeight(2))} {
		all.Go(func() { s.pipeline(ctx, x) })
	}
	all.Go(func() { s.limits(ctx) })
	all.Wait()
	stop()
	t.Logf("%d steps, %d refused, %d overruns, %d waits", s.steps.Load(), b.Stats().Refused, b.Stats().Overruns, s.waits(b))
	require.Greater(t, s.steps.Load(), int64(1000))
	empty(t, b)
}

type stress struct {
	b     *Budget
	steps atomic.Int64
}

func (s *stress) waits(b *Budget) (n int64) {
	for _, q := range b.Stats().Queues {
		n += q.Waits
	}
	return n
}

// watch is the watchdog: without a step for a while it prints what everybody does, and gives up.
func (s *stress) watch(t *testing.T) (stop func()) {
	end := make(chan struct{})
	go func() {
		last, since := int64(-1), time.Now()
		for {
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
			}
			if n := s.steps.Load(); n != last {
				last, since = n, time.Now()
			} else if time.Since(since) > patience {
				buf := make([]byte, 1<<20)
				panic(fmt.Sprintf("%s: no step for %v: %+v\n%s", t.Name(), patience, s.b.Stats(), buf[:runtime.Stack(buf, true)]))
			}
		}
	}()
	return func() { close(end) }
}

// pipeline is a gate and three queues, four producers of each kind and two workers a stage.
func (s *stress) pipeline(ctx context.Context, a *Account) {
	g := NewGate(a, "gate", 16, weight)
	batches, leases, last := NewQueue(a, "batches", 8, weight), NewQueue(a, "leases", 1, weight), NewQueue(a, "last", 4, weight)
	var producers sync.WaitGroup
	for i := range 8 {
		r := rand.New(rand.NewPCG(uint64(i), uint64(len(a.Name()))))
		produce := s.put
		if i%4 == 0 {
			produce = s.reserve
		}
		producers.Go(func() {
			for ctx.Err() == nil {
				produce(ctx, r, g)
				s.steps.Add(1)
			}
		})
	}
	var stages sync.WaitGroup
	s.stage(&stages, func(r *rand.Rand) { s.forwardEach(r, g, batches) }, batches.Close)
	s.stage(&stages, func(r *rand.Rand) { s.forwardBatch(r, batches, leases) }, leases.Close)
	s.stage(&stages, func(r *rand.Rand) { s.detach(r, leases, last) }, last.Close)
	s.stage(&stages, func(r *rand.Rand) { s.save(r, last) }, func() {})
	producers.Wait()
	g.Close()
	stages.Wait()
}

// stage runs two workers, again after each panic, until their queue has ended, and then ends the next.
func (s *stress) stage(all *sync.WaitGroup, work func(*rand.Rand), end func()) {
	all.Go(func() {
		var workers sync.WaitGroup
		for i := range 2 {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			workers.Go(func() {
				for again := true; again; {
					again = panics(func() { work(r) })
					s.steps.Add(1)
				}
			})
		}
		workers.Wait()
		end()
	})
}

// panics runs f and reports whether it left early.
func panics(f func()) (left bool) {
	defer func() {
		if recover() != nil {
			left = true
		}
	}()
	f()
	return false
}

// chance panics once in n times.
func chance(r *rand.Rand, n int) {
	if r.IntN(n) == 0 {
		panic("by chance")
	}
}

// size is mostly small, sometimes a good part of the budget, and seldom more than it.
func size(r *rand.Rand) int64 {
	switch r.IntN(200) {
	case 0:
		return 4000 + r.Int64N(4000)
	case 1, 2, 3, 4, 5:
		return r.Int64N(3000)
	}
	return r.Int64N(60)
}

func (s *stress) put(ctx context.Context, r *rand.Rand, g *Gate[*load]) {
	if r.IntN(10) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(200))*time.Microsecond)
		defer cancel()
	}
	_ = g.Put(ctx, &load{size(r)})
}

func (s *stress) reserve(ctx context.Context, r *rand.Rand, g *Gate[*load]) {
	sizes := make([]int64, 1+r.IntN(3))
	for i := range sizes {
		sizes[i] = size(r)
	}
	rs, err := g.ReserveAll(ctx, sizes...)
	if err != nil {
		return
	}
	for i, res := range rs {
		if r.IntN(5) > 0 {
			_ = res.Put(ctx, &load{sizes[i] + r.Int64N(10)})
		}
		res.Release()
	}
}

func (s *stress) forwardEach(r *rand.Rand, from *Gate[*load], to *Queue[*load]) {
	for l := range from.Leases(context.Background()) {
		s.steps.Add(1)
		chance(r, 500)
		l.Value().bytes += r.Int64N(20)
		_ = l.Resize()
		if r.IntN(10) > 0 {
			_ = l.Forward(context.Background(), to)
		}
	}
}

func (s *stress) forwardBatch(r *rand.Rand, from, to *Queue[*load]) {
	by := Batch{Size: 20, Bytes: 1000, Linger: time.Duration(r.IntN(3)) * time.Millisecond}
	for batch := range from.LeaseBatches(context.Background(), by) {
		s.steps.Add(1)
		chance(r, 200)
		batch.Release(r.IntN(len(batch.Units())))
		ctx, cancel := context.WithCancel(context.Background())
		if r.IntN(20) == 0 {
			time.AfterFunc(time.Duration(r.IntN(300))*time.Microsecond, cancel)
		}
		_ = batch.ForwardAll(ctx, to)
		cancel()
	}
}

func (s *stress) detach(r *rand.Rand, from, to *Queue[*load]) {
	var away sync.WaitGroup
	defer away.Wait()
	for l := range from.Leases(context.Background()) {
		s.steps.Add(1)
		chance(r, 500)
		if r.IntN(4) > 0 {
			_ = l.Forward(context.Background(), to)
			continue
		}
		l.Detach()
		done := make(chan struct{})
		time.AfterFunc(time.Duration(r.IntN(300))*time.Microsecond, func() { close(done) })
		wait := time.Duration(r.IntN(400)) * time.Microsecond
		away.Go(func() {
			l.Park(done)
			<-done
			l.Unpark()
			time.Sleep(wait)
			l.Release()
		})
	}
}

// save takes batches for a while, and then single units until it leaves by chance.
func (s *stress) save(r *rand.Rand, from *Queue[*load]) {
	if r.IntN(2) == 0 {
		for range from.All(context.Background()) {
			s.steps.Add(1)
			chance(r, 100)
		}
		return
	}
	for range from.Batches(context.Background(), Batch{Size: 50}) {
		s.steps.Add(1)
		chance(r, 100)
	}
}

// limits moves the limit about.
func (s *stress) limits(ctx context.Context) {
	for ctx.Err() == nil {
		for _, n := range []int64{4000, 1000, 2500} {
			_ = s.b.SetLimit(Content(n))
			time.Sleep(3 * time.Millisecond)
		}
	}
}
