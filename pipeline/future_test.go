package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// A promise is a unit that others may wait for, and that may wait itself.
type promise struct {
	*Future[int]
	bytes int64
	after *Future[int] // in the stage "wait"; may be nil
}

// mixed are the pipelines of a test: on one budget, with futures in common.
type mixed struct {
	t       *testing.T
	budget  *memacct.Budget
	futures *Futures
	depth   int
	batch   int
}

func mix(t *testing.T, limit int64, pipelines, depth, batch int) *mixed {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(limit), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return &mixed{t, b, NewFutures(pipelines), depth, batch}
}

func (m *mixed) config(name string) Config[*promise] {
	return Config[*promise]{
		Account: m.budget.Account(name), Size: func(p *promise) int64 { return p.bytes }, Depth: m.depth, BatchSize: m.batch,
		Futures: m.futures, Future: func(p *promise) Carried { return p.Future },
	}
}

func (m *mixed) promise(name string, after *Future[int]) *promise {
	return &promise{NewFuture[int](m.futures, name), 10, after}
}

// done checks that nothing is left, whatever happened.
func (m *mixed) done() {
	m.t.Helper()
	require.Zero(m.t, m.budget.Stats().Used)
	require.Zero(m.t, m.budget.Stats().Units)
	require.NoError(m.t, m.budget.Close(m.t.Context()))
	require.Empty(m.t, m.futures.waits)
	require.Empty(m.t, m.futures.parties)
}

// The stages of these tests: batches, single units of which some wait for others, and batches that are resolved.
func (m *mixed) stages(workers int) []Stage[*promise] {
	return []Stage[*promise]{
		InBatches("query", 0, func(context.Context, []*promise) error { return nil }),
		EachN("wait", workers, func(ctx context.Context, p *promise) error {
			if p.after == nil {
				return nil
			}
			_, err := p.after.Wait(ctx)
			return err
		}),
		InBatches("save", 0, func(_ context.Context, ps []*promise) error {
			for _, p := range ps {
				p.Resolve(1)
			}
			return nil
		}),
	}
}

// puts is a first stage of these units.
func puts(ps ...*promise) FirstStage[*promise] {
	return func(ctx context.Context, out *Out[*promise]) error {
		for _, p := range ps {
			if err := out.Put(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}
}

// shapes runs a test for queues and batches small and large, and with memory for three units, or for all of them.
func shapes(t *testing.T, pipelines int, test func(t *testing.T, m *mixed)) {
	for _, depth := range []int{1, 16} {
		for _, batch := range []int{1, 2, 500} {
			for _, limit := range []int64{30, 1 << 20} {
				t.Run(fmt.Sprintf("depth %d, batch %d, limit %d", depth, batch, limit), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						m := mix(t, limit, pipelines, depth, batch)
						test(t, m)
						m.done()
					})
				})
			}
		}
	}
}

// A first stage waits for each unit that it has put, in whatever batch that is, before it puts the next.
func TestAFirstStageWaitsForAnEarlierUnit(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		start := time.Now()
		rep, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			for i := range 20 {
				p := m.promise(fmt.Sprint(i), nil)
				if err := out.Put(ctx, p); err != nil {
					return err
				}
				v, err := p.Wait(ctx)
				require.Equal(t, 1, v)
				if err != nil {
					return err
				}
				_, err = p.Wait(ctx) // resolved already
				require.NoError(t, err)
			}
			return nil
		}, m.stages(1)...)
		require.NoError(t, err)
		require.EqualValues(t, 20, rep.Ended)
		require.Zero(t, time.Since(start), "a batch was handed on by the clock")
	})
}

// A unit waits in a stage for one that is ahead of it, in whatever queue or batch: that one comes through.
func TestAUnitWaitsForAnEarlierOne(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		start := time.Now()
		ps := []*promise{m.promise("0", nil)}
		for i := range 50 {
			ps = append(ps, m.promise(fmt.Sprint(i+1), ps[i].Future))
		}
		rep, err := Run(t.Context(), m.config("a"), puts(ps...), m.stages(1)...)
		require.NoError(t, err)
		require.EqualValues(t, len(ps), rep.Ended)
		require.Zero(t, time.Since(start))
	})
}

// A unit waits for one behind it. With a second worker that one overtakes, and comes through. With memory for three, too.
func TestAUnitWaitsForALaterOne(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		last := m.promise("last", nil)
		rep, err := Run(t.Context(), m.config("a"), puts(m.promise("early", last.Future), m.promise("between", nil), last), m.stages(2)...)
		require.NoError(t, err)
		require.EqualValues(t, 3, rep.Ended)
	})
}

// vain checks that a run ended with the error of a wait, of that stage for that future, for that reason.
func vain(t *testing.T, err error, waiter, future, why string) {
	t.Helper()
	var e *WaitError
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, ErrUnresolved)
	require.Contains(t, e.Waiter, waiter)
	require.Equal(t, future, e.Future)
	require.ErrorContains(t, e, why)
}

// The only worker waits for a unit behind it, which it would have to let by.
func TestAUnitWaitsForOneThatItIsInTheWayOf(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		later := m.promise("later", nil)
		_, err := Run(t.Context(), m.config("a"), puts(m.promise("early", later.Future), later), m.stages(1)...)
		vain(t, err, `a/wait (which has "early")`, "later", `nothing moves any more: a/wait (which has "early") waits for "later"`)
	})
}

// With no memory for the later unit the gate finds that it can't come, and tells who waits for what.
func TestNoMemoryForTheLaterUnit(t *testing.T) {
	for _, depth := range []int{1, 16} {
		synctest.Test(t, func(t *testing.T) {
			m := mix(t, 30, 1, depth, 1)
			ps := []*promise{}
			last := m.promise("last", nil)
			for i := range 5 {
				ps = append(ps, m.promise(fmt.Sprint(i), last.Future))
			}
			_, err := Run(t.Context(), m.config("a"), puts(append(ps, last)...), m.stages(10)...)
			require.ErrorIs(t, err, memacct.ErrStalled)
			require.ErrorContains(t, err, `a/wait (which has "0") waits for "last"`)
			m.done()
		})
	}
}

// With an overrun, it comes.
func TestAnOverrunForTheLaterUnit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mix(t, 30, 1, 1, 1)
		b, err := memacct.New(memacct.Config{Limit: memacct.Content(30), Policy: memacct.Overrun(100), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		m.budget = b
		last := m.promise("last", nil)
		var ps []*promise
		for i := range 5 {
			ps = append(ps, m.promise(fmt.Sprint(i), last.Future))
		}
		_, err = Run(t.Context(), m.config("a"), puts(append(ps, last)...), m.stages(10)...)
		require.NoError(t, err)
		m.done()
	})
}

// Two units wait for each other; one for itself; one for another one of its batch.
func TestCycles(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		a, b := m.promise("a", nil), m.promise("b", nil)
		a.after, b.after = b.Future, a.Future
		_, err := Run(t.Context(), m.config("x"), puts(a, b), m.stages(5)...)
		var e *WaitError
		require.ErrorAs(t, err, &e)
		require.ErrorContains(t, err, `x/wait (which has "a") waits for "b"; x/wait (which has "b") waits for "a"`)
	})
	shapes(t, 1, func(t *testing.T, m *mixed) {
		a := m.promise("a", nil)
		a.after = a.Future
		_, err := Run(t.Context(), m.config("x"), puts(a), m.stages(5)...)
		vain(t, err, `x/wait (which has "a")`, "a", "nothing moves any more")
	})
	shapes(t, 1, func(t *testing.T, m *mixed) {
		_, err := Run(t.Context(), m.config("x"), puts(m.promise("a", nil), m.promise("b", nil)),
			InBatches("both", 2, func(ctx context.Context, ps []*promise) error {
				require.Len(t, ps, 2)
				_, err := ps[1].Wait(ctx)
				return err
			}))
		vain(t, err, `x/both (which has "a" and 1 more units)`, "b", "nothing moves any more")
	})
}

// The awaited unit ends and was not resolved: in a filter, in a stage that does not emit it, at the end of the last one, or
// because another unit took its place that carries none.
func TestTheAwaitedUnitIsDropped(t *testing.T) {
	for name, stage := range map[string]Stage[*promise]{
		"filter": Filter("drop", 0, func(_ context.Context, ps []*promise, drop []bool) error {
			for i := range ps {
				drop[i] = true
			}
			return nil
		}),
		"not emitted": handmade{"drop", func(ctx context.Context, in *In[*promise], _ *Out[*promise]) error {
			for range in.All(ctx) {
			}
			return ctx.Err()
		}},
		"not emitted, in batches": handmade{"drop", func(ctx context.Context, in *In[*promise], _ *Out[*promise]) error {
			for range in.Batches(ctx, 0) {
			}
			return ctx.Err()
		}},
		"replaced": handmade{"drop", func(ctx context.Context, in *In[*promise], out *Out[*promise]) error {
			for p := range in.All(ctx) {
				if err := out.Put(ctx, &promise{bytes: p.bytes}); err != nil {
					return err
				}
			}
			return ctx.Err()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			shapes(t, 1, func(t *testing.T, m *mixed) {
				p := m.promise("p", nil)
				_, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
					if err := out.Put(ctx, p); err != nil {
						return err
					}
					_, err := p.Wait(ctx)
					return err
				}, stage, InBatches("save", 0, func(context.Context, []*promise) error { return nil }))
				vain(t, err, "a/first", "p", "it ended in a/drop and was not resolved")
			})
		})
	}
	shapes(t, 1, func(t *testing.T, m *mixed) {
		p := m.promise("p", nil)
		_, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			if err := out.Put(ctx, p); err != nil {
				return err
			}
			_, err := p.Wait(ctx)
			return err
		}, InBatches("save", 0, func(context.Context, []*promise) error { return nil }))
		vain(t, err, "a/first", "p", "it ended in a/save and was not resolved")
	})
}

type handmade struct {
	name string
	run  func(context.Context, *In[*promise], *Out[*promise]) error
}

func (s handmade) Name() string { return s.name }

func (s handmade) Run(ctx context.Context, in *In[*promise], out *Out[*promise]) error {
	return s.run(ctx, in, out)
}

// A unit that is emitted as another one with the same future carries it on.
func TestAnotherUnitCarriesTheFutureOn(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		p := m.promise("p", nil)
		stages := append([]Stage[*promise]{handmade{"copy", func(ctx context.Context, in *In[*promise], out *Out[*promise]) error {
			for p := range in.All(ctx) {
				c := *p
				if err := out.Put(ctx, &c); err != nil {
					return err
				}
			}
			return ctx.Err()
		}}}, m.stages(1)...)
		_, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			if err := out.Put(ctx, p); err != nil {
				return err
			}
			_, err := p.Wait(ctx)
			return err
		}, stages...)
		require.NoError(t, err)
	})
}

// Who alone would put a unit waits for it first.
func TestAwaitBeforePut(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		p := m.promise("p", nil)
		_, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			if err := out.Put(ctx, m.promise("o", nil)); err != nil {
				return err
			}
			if _, err := p.Wait(ctx); err != nil {
				return err
			}
			return out.Put(ctx, p)
		}, m.stages(1)...)
		vain(t, err, "a/first", "p", `it was not put, and nobody is left to put it: a/first waits for "p"`)
	})
	shapes(t, 1, func(t *testing.T, m *mixed) { // with memory in hand
		p := m.promise("p", nil)
		_, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			r, err := out.Reserve(ctx, 10)
			if err != nil {
				return err
			}
			defer r.Release()
			if _, err := p.Wait(ctx); err != nil {
				return err
			}
			return r.Put(ctx, p)
		}, m.stages(1)...)
		vain(t, err, "a/first", "p", "it was not put, and nobody is left to put it")
	})
}

// Another goroutine of the first stage puts it later.
func TestAwaitBeforeAnotherPuts(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		p := m.promise("p", nil)
		rep, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			out.Go(func(ctx context.Context) error {
				time.Sleep(time.Hour) // it reads
				return out.Put(ctx, p)
			})
			_, err := p.Wait(ctx)
			return errors.Join(err, out.Put(ctx, m.promise("o", nil)))
		}, m.stages(1)...)
		require.NoError(t, err)
		require.EqualValues(t, 2, rep.Ended)
	})
	shapes(t, 1, func(t *testing.T, m *mixed) { // all of them wait, and the first has returned
		p, o := m.promise("p", nil), m.promise("o", nil)
		_, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			for _, p := range []*promise{p, o} {
				out.Go(func(ctx context.Context) error {
					_, err := p.Wait(ctx)
					return err
				})
			}
			return nil
		}, m.stages(1)...)
		var e *WaitError
		require.ErrorAs(t, err, &e)
		require.ErrorContains(t, err, `nobody is left to put it: a/first waits for "o"; a/first waits for "p"`)
	})
}

// A unit waits for one that never comes: the first stage has ended.
func TestTheAwaitedUnitIsNeverPut(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		never := m.promise("never", nil)
		_, err := Run(t.Context(), m.config("a"), puts(m.promise("o", nil), m.promise("p", never.Future)), m.stages(3)...)
		vain(t, err, `a/wait (which has "p")`, "never", "it was not put, and nobody is left to put it")
		_, err = never.Wait(t.Context()) // and it stays so
		vain(t, err, "a goroutine of no pipeline", "never", "it was not put, and all pipelines have ended")
	})
}

// A stage waits before it takes any unit.
func TestAStageWaitsBeforeItsLoop(t *testing.T) {
	for _, resolved := range []bool{true, false} {
		shapes(t, 1, func(t *testing.T, m *mixed) {
			p := m.promise("p", nil)
			header := EachN("header", 1, func(_ context.Context, p *promise) error {
				if resolved {
					p.Resolve(1)
				}
				return nil
			})
			late := handmade{"late", func(ctx context.Context, in *In[*promise], out *Out[*promise]) error {
				if _, err := p.Wait(ctx); err != nil {
					return err
				}
				for range in.All(ctx) {
				}
				return ctx.Err()
			}}
			_, err := Run(t.Context(), m.config("a"), puts(m.promise("o", nil), p), header, late)
			if resolved {
				require.NoError(t, err)
			} else { // the gate may find it first, or who waits for a slot
				require.True(t, errors.Is(err, ErrUnresolved) || errors.Is(err, memacct.ErrStalled), "%v", err)
				require.ErrorContains(t, err, `a/late waits for "p"`)
			}
		})
	}
}

// A stage fails a future, and its own wait ends with the context.
func TestAFutureFails(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		broken := errors.New("broken")
		p := m.promise("p", nil)
		_, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			if err := out.Put(ctx, p); err != nil {
				return err
			}
			_, err := p.Wait(ctx)
			return err
		}, Each("check", func(_ context.Context, p *promise) error {
			p.Fail(broken)
			p.Resolve(1) // too late
			return nil
		}))
		require.ErrorIs(t, err, broken)
		vain(t, err, "a/first", "p", "broken")
	})
	synctest.Test(t, func(t *testing.T) {
		m := mix(t, 100, 1, 1, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := m.promise("p", nil).Wait(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		m.done()
	})
}

// Two pipelines on one budget wait for each other's units: of what was put and is in a batch, of what comes later, and with
// memory for three.
func TestAUnitOfAnotherAccount(t *testing.T) {
	shapes(t, 2, func(t *testing.T, m *mixed) {
		start := time.Now()
		var as, bs []*promise
		for i := range 20 {
			a, b := m.promise(fmt.Sprintf("a%d", i), nil), m.promise(fmt.Sprintf("b%d", i), nil)
			as, bs = append(as, a), append(bs, b)
		}
		first := func(own, others []*promise) FirstStage[*promise] {
			return func(ctx context.Context, out *Out[*promise]) error {
				for i := range own {
					if err := out.Put(ctx, own[i]); err != nil {
						return err
					}
					if _, err := others[i].Wait(ctx); err != nil {
						return err
					}
				}
				return nil
			}
		}
		other := make(chan error, 1)
		go func() {
			_, err := Run(t.Context(), m.config("a"), first(as, bs), m.stages(1)...)
			other <- err
		}()
		_, err := Run(t.Context(), m.config("b"), first(bs, as), m.stages(1)...)
		require.NoError(t, errors.Join(err, <-other))
		require.Zero(t, time.Since(start))
	})
}

// One pipeline waits for a unit of another that begins late, or that has failed, ended, or waits itself.
func TestAnotherPipelineThatCannotResolve(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		other func(ctx context.Context, m *mixed, a, b *promise) FirstStage[*promise]
		why   string
	}{
		"late": {func(_ context.Context, _ *mixed, _, b *promise) FirstStage[*promise] { return puts(b) }, ""},
		"fails": {func(context.Context, *mixed, *promise, *promise) FirstStage[*promise] {
			return func(context.Context, *Out[*promise]) error { return broken }
		}, `nobody is left to put it: a/wait (which has "a") waits for "b"`},
		"waits": {func(_ context.Context, _ *mixed, a, b *promise) FirstStage[*promise] {
			return func(ctx context.Context, out *Out[*promise]) error {
				if _, err := a.Wait(ctx); err != nil {
					return nil // and leave it to the other
				}
				return out.Put(ctx, b)
			}
		}, `a/wait (which has "a") waits for "b"; b/first waits for "a"`},
	} {
		t.Run(name, func(t *testing.T) {
			shapes(t, 2, func(t *testing.T, m *mixed) {
				a, b := m.promise("a", nil), m.promise("b", nil)
				a.after = b.Future
				other := make(chan error, 1)
				go func() {
					time.Sleep(time.Hour)
					_, err := Run(t.Context(), m.config("b"), c.other(t.Context(), m, a, b), m.stages(1)...)
					other <- err
				}()
				_, err := Run(t.Context(), m.config("a"), puts(a), m.stages(1)...)
				<-other
				if c.why == "" {
					require.NoError(t, err)
				} else {
					vain(t, err, `a/wait (which has "a")`, "b", c.why)
				}
			})
		})
	}
}

// A unit that was put in a pipeline that fails is lost to those who wait for it elsewhere.
func TestThePipelineOfTheAwaitedUnitFails(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		p := m.promise("p", nil)
		waited := make(chan error, 1)
		go func() {
			_, err := p.Wait(t.Context())
			waited <- err
		}()
		broken := errors.New("broken")
		_, err := Run(t.Context(), m.config("a"), puts(m.promise("q", nil), p), Each("slow", func(context.Context, *promise) error {
			time.Sleep(time.Hour)
			return broken // and p is dropped from the queue
		}))
		require.ErrorIs(t, err, broken)
		vain(t, <-waited, "a goroutine of no pipeline", "p", `its pipeline a has ended: stage "slow": broken`)
	})
}

// A batch is handed on because it holds the awaited unit; others are not.
func TestOnlyTheAwaitedBatchIsHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mix(t, 1<<20, 1, 1000, 100)
		var ps []*promise
		for i := range 250 {
			ps = append(ps, m.promise(fmt.Sprint(i), nil))
		}
		rep, err := Run(t.Context(), m.config("a"), func(ctx context.Context, out *Out[*promise]) error {
			if err := puts(ps[:120]...)(ctx, out); err != nil { // 100 go on, and wait in save
				return err
			}
			synctest.Wait()
			if _, err := ps[110].Wait(ctx); err != nil { // 20 are handed on; save has them all
				return err
			}
			return puts(ps[120:]...)(ctx, out)
		}, InBatches("query", 100, func(context.Context, []*promise) error { return nil }),
			InBatches("save", 1000, func(_ context.Context, ps []*promise) error {
				for _, p := range ps {
					p.Resolve(1)
				}
				return nil
			}))
		require.NoError(t, err)
		require.Equal(t, memacct.BatchStats{Size: 2, Awaited: 1, End: 1, Units: 250}, rep.Queues[0].Batches)
		require.Equal(t, memacct.BatchStats{Awaited: 1, End: 1, Units: 250}, rep.Queues[1].Batches)
		m.done()
	})
}

// A pipeline without an account knows as well who waits in vain.
func TestFuturesWithoutAnAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mix(t, 100, 1, 1, 500)
		cfg := m.config("a")
		cfg.Account, cfg.Size = nil, nil
		p := m.promise("p", nil)
		_, err := Run(t.Context(), cfg, puts(m.promise("o", p.Future), m.promise("q", nil), m.promise("r", nil), p), m.stages(1)...)
		vain(t, err, `/wait (which has "o")`, "p", "")
		m.done()
	})
}

// A slow stage is no deadlock.
func TestASlowStageIsWaitedFor(t *testing.T) {
	shapes(t, 1, func(t *testing.T, m *mixed) {
		p := m.promise("p", nil)
		slow := Each("slow", func(context.Context, *promise) error { time.Sleep(24 * time.Hour); return nil })
		all := m.stages(1) // query, wait and save; the slow one is where the awaited unit is while the other waits
		_, err := Run(t.Context(), m.config("a"), puts(p, m.promise("o", p.Future)), all[0], all[1], slow, all[2])
		require.NoError(t, err)
	})
}

func TestFutureWithoutFutures(t *testing.T) {
	m := mix(t, 100, 1, 1, 1)
	cfg := m.config("a")
	cfg.Futures = nil
	_, err := Run(t.Context(), cfg, puts(), m.stages(1)...)
	require.ErrorContains(t, err, "Config.Future without Config.Futures")
}
