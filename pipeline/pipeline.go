package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/syncmem/syncmem/memacct"
)

// The defaults of a [Config].
const (
	// DefaultDepth is the number of slots of a queue, in units. It is small, because what bounds a pipeline
	// is its budget; a stage that batches raises it for its own queue.
	DefaultDepth = 16
	// DefaultBatchSize is the number of units a stage collects before it acts, where memory allows.
	DefaultBatchSize = 500
)

// Config says how a pipeline runs.
type Config[T any] struct {
	// Account is what the units are charged to; nil charges nothing, and only Depth bounds the queues.
	Account *memacct.Account
	// Size gives a unit's bytes; see memacct.NewGate. Without an account it may be nil. Make units pointers: by its
	// pointer a unit that a stage emits is known as one that it took, and its charge moves on. Another one is charged
	// afresh, beside the one that is taken, until the loop body ends.
	Size func(T) int64
	// Depth is the number of slots of each queue, in units; 0 is DefaultDepth.
	Depth int
	// BatchSize is what In.Batches(ctx, 0) and InBatches(name, 0, fn) collect, in units; 0 is DefaultBatchSize.
	BatchSize int
	// Linger hands on a batch whose first unit has waited that long; 0 waits for the batch.
	Linger time.Duration
	// Future returns the future that a unit carries, or nil: see [Future]. It is asked where a unit is emitted, goes on and
	// ends, from several goroutines, and must answer the same each time. It may be nil.
	Future func(T) Carried
	// Futures is what these futures were made of, which pipelines share whose units wait for each other's. It may be nil
	// without Future.
	Futures *Futures
}

// FirstStage is the only producer: it reads metadata and emits units. It may emit from several goroutines of
// its own, and must not return before they are done.
type FirstStage[T any] func(ctx context.Context, out *Out[T]) error

// Stage handles the units that come in and emits those that go on. Run must take units until In ends; it may
// do so in several goroutines of its own, and must not return before they are done.
type Stage[T any] interface {
	Name() string
	Run(ctx context.Context, in *In[T], out *Out[T]) error
}

// ErrUndrained is returned for a stage that ends well although units are left for it: they would be lost.
var ErrUndrained = errors.New("stage returned before its input ended")

// StageError is the error of a run: the first stage that failed, and how.
type StageError struct {
	Stage string
	Err   error
}

// Error names the stage.
func (e *StageError) Error() string { return fmt.Sprintf("stage %q: %v", e.Stage, e.Err) }

// Unwrap returns the stage's own error.
func (e *StageError) Unwrap() error { return e.Err }

// Report is what a run did.
type Report struct {
	Units   int64         // that entered the gate
	Ended   int64         // that reached the end of the last stage
	Dropped int           // that were in a queue when the run failed
	Elapsed time.Duration // from the first stage's start to the last stage's end
	// Queues are the gate and the queues behind it, in the order in which a unit passes them. Each is named after the
	// stage that takes from it, which has its units in hand next.
	Queues []memacct.QueueStats
}

// FirstName is the name of the first stage in reports and errors. No queue has it: nothing is queued for that stage.
const FirstName = "first"

// Run runs first and the stages until all have ended, each in a goroutine of its own, and returns the error
// of the stage that failed first as a [*StageError], or ctx's cause (context.Cause) when ctx ended first. When one fails the
// context of all is cancelled. What can't be run, two stages of one name among it, is an error before anything starts. A stage that panics fails with the panic and its stack. The report is never
// nil. No goroutine of Run's is left, and no unit charged, when it returns.
func Run[T any](ctx context.Context, cfg Config[T], first FirstStage[T], stages ...Stage[T]) (*Report, error) {
	if err := check(cfg, first, stages); err != nil {
		return new(Report), fmt.Errorf("pipeline: %w", err)
	}
	r := newRun(ctx, cfg, stages)
	start := time.Now()
	r.party.set.begin(r.party)
	r.start(first, stages)
	r.all.Wait()
	err := r.result(ctx)
	r.party.set.end(r.party, err)
	return r.finish(time.Since(start)), err
}

// check finds what can't be run. Stages have names that differ, for queues, reports and errors are named after them; so
// nor can one stage be there twice.
func check[T any](cfg Config[T], first FirstStage[T], stages []Stage[T]) error {
	switch {
	case len(stages) == 0:
		return errors.New("no stages: nothing would take what the first stage emits")
	case first == nil:
		return errors.New("the first stage is nil")
	case cfg.Future != nil && cfg.Futures == nil:
		return errors.New("Config.Future without Config.Futures: pass what the futures were made of")
	case cfg.Account != nil && cfg.Size == nil:
		return errors.New("Config.Size is nil: pass sizer.Of[T] or a function of your own")
	case cfg.Depth < 0 || cfg.BatchSize < 0 || cfg.Linger < 0:
		return fmt.Errorf("depth %d, batch size %d, linger %v: none may be negative", cfg.Depth, cfg.BatchSize, cfg.Linger)
	}
	named := map[string]int{FirstName: 0}
	for i, s := range stages {
		if s == nil {
			return fmt.Errorf("stage %d behind the first is nil", i+1)
		}
		name := s.Name()
		if before, twice := named[name]; twice {
			return fmt.Errorf("stage %d is named %q, as stage %d is (0 is the first): give each a name of its own", i+1, name, before)
		}
		named[name] = i + 1
	}
	return nil
}

// run is one pipeline at work.
type run[T any] struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	account *memacct.Account
	gate    *memacct.Gate[T]
	ins     []*In[T]
	outs    []*Out[T]
	party   *party
	all     sync.WaitGroup
}

// newRun lays the queues, in the order in which a unit passes them.
func newRun[T any](ctx context.Context, cfg Config[T], stages []Stage[T]) *run[T] {
	if cfg.Depth == 0 {
		cfg.Depth = DefaultDepth
	}
	if cfg.BatchSize == 0 {
		cfg.BatchSize = DefaultBatchSize
	}
	if cfg.Account == nil && cfg.Futures != nil {
		cfg.Account, cfg.Size = counted(), func(T) int64 { return 0 }
	}
	r := &run[T]{account: cfg.Account}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.gate = memacct.NewGate(cfg.Account, stages[0].Name(), cfg.Depth, cfg.Size)
	r.party = &party{set: cfg.Futures, account: cfg.Account, name: cfg.Account.Name()}
	if r.party.set == nil {
		r.party.set = NewFutures(1)
	}
	waits := &awaited{queues: []interface{ Flush() }{r.gate}}
	out := &Out[T]{gate: r.gate, awaited: waits, future: cfg.Future}
	out.post = r.party.post(&post{stage: FirstName, park: cfg.Account.Park, stats: r.gate.Stats})
	r.outs = append(r.outs, out)
	var source source[T] = r.gate
	for i, s := range stages {
		in := &In[T]{src: source, last: i == len(stages)-1, batch: memacct.Batch{Size: cfg.BatchSize, Linger: cfg.Linger}, future: cfg.Future}
		in.post = r.party.post(&post{stage: s.Name(), park: source.Park, flush: source.Flush, stats: source.Stats, loops: in.loops, inHand: in.inHand})
		r.outs[i].next = in.post
		out := &Out[T]{in: in, awaited: waits, future: cfg.Future, post: in.post}
		if !in.last {
			out.to = memacct.NewQueue(cfg.Account, stages[i+1].Name(), cfg.Depth, cfg.Size)
			source = out.to
			waits.queues = append(waits.queues, out.to)
		}
		r.ins, r.outs = append(r.ins, in), append(r.outs, out)
	}
	for _, out := range r.outs {
		out.guard = func(fn func(context.Context) error) { r.guard(out.post, fn) }
	}
	return r
}

// post notes a stage, whose goroutine is about to run.
func (p *party) post(s *post) *post {
	s.party, s.running = p, 1
	p.posts = append(p.posts, s)
	return s
}

// counted is the account of a pipeline that has none and whose units wait for each other: it charges nothing, but counts.
func counted() *memacct.Account {
	b, err := memacct.New(memacct.Config{Mode: memacct.Off, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil
	}
	return b.Account("")
}

func (r *run[T]) start(first FirstStage[T], stages []Stage[T]) {
	r.run(r.outs[0], r.gate.Close, func(ctx context.Context) error { return first(ctx, r.outs[0]) })
	for i, s := range stages {
		in, out := r.ins[i], r.outs[i+1]
		end := func() {}
		if out.to != nil {
			end = out.to.Close
		}
		r.run(out, end, func(ctx context.Context) error {
			err := s.Run(ctx, in, out)
			if err == nil && r.ctx.Err() == nil && !in.drained() {
				err = ErrUndrained
			}
			return err
		})
	}
}

// run starts a stage. What it emits ends once it and all of its goroutines have.
func (r *run[T]) run(out *Out[T], end func(), body func(context.Context) error) {
	r.all.Go(func() {
		r.guard(out.post, body)
		out.post.runs(-1) // what is left of it are those
		out.all.Wait()
		out.post.runs(1) // until who takes knows
		end()
		out.post.runs(-1)
	})
}

// guard runs one stage, labelled with its name, and cancels all when it fails, panics, or leaves by Goexit.
func (r *run[T]) guard(at *post, body func(context.Context) error) {
	err := errors.New("left by runtime.Goexit")
	defer func() {
		if p := recover(); p != nil {
			err = panicError(p)
		}
		if err != nil {
			r.cancel(&StageError{Stage: at.stage, Err: err})
		}
	}()
	err = r.account.Stage(context.WithValue(r.ctx, postKey{}, at), at.stage, body)
}

// panicError is a recovered panic as an error, with the stack of the goroutine that panicked.
func panicError(p any) error { return fmt.Errorf("panic: %v\n%s", p, debug.Stack()) }

// finish collects the figures and drops what a failed run left queued.
func (r *run[T]) finish(elapsed time.Duration) *Report {
	rep := &Report{Elapsed: elapsed}
	for _, in := range r.ins {
		rep.Dropped += in.src.Discard()
		rep.Queues = append(rep.Queues, in.src.Stats())
	}
	rep.Units = rep.Queues[0].Units
	rep.Ended = r.ins[len(r.ins)-1].ended.Load()
	return rep
}

// result is the run's error: the context's own, if that came first, or the first stage's to fail.
func (r *run[T]) result(parent context.Context) error {
	cause := context.Cause(r.ctx)
	r.cancel(nil)
	var failed *StageError
	if errors.As(cause, &failed) && parent.Err() != nil && errors.Is(failed.Err, parent.Err()) {
		return context.Cause(parent)
	}
	return cause
}
