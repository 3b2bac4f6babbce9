package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/syncmem/syncmem/contentmodel"
	contentstore "github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/record"
	"github.com/syncmem/syncmem/pipeline"
	"github.com/syncmem/syncmem/pipeline/stages"
)

func runCommand() *cobra.Command {
	o := new(options)
	c := &cobra.Command{
		Use:   "run",
		Short: "Run one sync under a limit and say whether it held",
		Long: `run syncs a source into a store under a memory limit for the whole process, and says whether the limit held:
HELD (exit code 0), BROKEN (3), or FAILED (1, or 130 when interrupted) when the run did not get to its end.
Without flags it syncs a built-in workload into a SQLite file that is removed afterwards. Syncing the same
source into the same store again saves only what is new.

What is held against the limit is the anonymous memory of the process, resident (RssAnon) or swapped out, a sample
every 2 ms, each against the limit in force at that moment: the one of --limit, or that of a cgroup around the process
where it is lower. After a limit fell the one before counts for another second. With --cgroup the kernel ends the run at the limit, which no sample can miss. Only Linux has either:
elsewhere the verdict rests on what the Go runtime says, and the result notes that.

Sources:
` + sourcesHelp() + `
The names of synth: sources, each with its keys and their defaults:
` + synth.Help(),
		Example: `  syncbench run                                       # the built-in workload under 64 MiB
  syncbench run --mode count --depth 1000             # the same, bounded by count: the control
  syncbench run --limit 32MiB --source synth:rpm-mixed,units=2000,seed=7
  syncbench run --source PULP_MANIFEST --store sqlite:content.sqlite
  syncbench run --source rpm:https://example.org/repo/ --limit 32MiB
  syncbench run --source deb:Packages.xz --json result.json
  syncbench run --source https://example.org/files/PULP_MANIFEST
  syncbench run --out first && syncbench report first # everything there is to know, as one page
  syncbench run --live localhost:6060                 # watch it at http://localhost:6060/
  sudo syncbench run --cgroup                         # behind the kernel's OOM killer`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(c.Flags().Changed("depth")); err != nil {
				return err
			}
			return o.inFolder(func() error {
				if o.cgroup {
					return runBehindWall(c.Context(), o)
				}
				return run(c.Context(), o)
			})
		},
	}
	o.register(c)
	return c
}

// run is one sync in this process, from the flags to the result.
func run(ctx context.Context, o *options) error {
	out, err := openOutput(o.json, o.out) // first: a run must not be done in vain
	if err != nil {
		return failed(err)
	}
	w := &work{o: o}
	defer w.close()
	var res *result
	switch err := w.open(ctx); {
	case err != nil:
		res = newFailure(ctx, o, err)
	default:
		if err := o.before.fits(newFailure(ctx, o, nil)); err != nil {
			return err
		}
		res = w.run(ctx)
	}
	if res.Verdict != verdictFailed {
		if res.Baseline, err = o.before.compare(res); err != nil {
			return failed(err)
		}
	}
	return out.deliver(res)
}

// work is a sync and what is counted of it.
type work struct {
	o          *options
	src        *source
	store      contentstore.Store
	closeStore func()
	account    *memacct.Account
	live       *live
	recorder   *record.Recorder
	sizes      sizes
	known      stages.Known
	saved      stages.Saved
}

// open opens everything that the work needs.
func (w *work) open(ctx context.Context) (err error) {
	if err = w.o.findLimit(); err != nil {
		return err
	}
	if w.src, err = openSource(ctx, w.o); err != nil {
		return err
	}
	if w.store, w.closeStore, err = openStore(ctx, w.o); err != nil {
		return err
	}
	w.store = resolving{w.store}
	if w.account, err = w.o.account(); err != nil {
		return err
	}
	b, err := w.o.watched()
	if err != nil {
		return err
	}
	if w.recorder, err = w.o.openRecord(b); err != nil {
		return err
	}
	w.live, err = serveLive(w.o.live, b)
	return err
}

// close closes what open opened, all or some of it.
func (w *work) close() {
	w.live.close()
	w.recorder.Close() // a write that failed was logged
	if w.src != nil {
		w.src.Close()
	}
	if w.store != nil {
		w.closeStore()
	}
}

// run does the work and measures it.
func (w *work) run(ctx context.Context) *result {
	memory := startMeter(w.o)
	p := startProgress(w)
	cfg := pipeline.Config[contentmodel.Unit]{
		Account: w.account, Size: w.sizes.weigh, Depth: w.o.queueDepth(), BatchSize: w.o.batch,
	}
	behind := w.stages()
	stop := w.o.resizeBudget()
	rep, err := pipeline.Run(ctx, cfg, w.first, behind...)
	stop()
	p.stop()
	if err == nil {
		w.o.sayLate(rep.Elapsed)
	}
	return newResult(ctx, w, rep, behind, memory.stop(), err)
}

// stages are those behind the first, in the order in which units pass them.
func (w *work) stages() []pipeline.Stage[contentmodel.Unit] {
	return []pipeline.Stage[contentmodel.Unit]{
		stages.Query(w.store, 0, &w.known),
		stages.Save(w.store, 0, w.src.sink, &w.saved),
	}
}

// first is the first stage: it reads units and emits them. Where many are to be built at once, each builder has a part
// of them, and a charge of its own.
func (w *work) first(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
	if w.src.parts > 0 {
		all, ctx := errgroup.WithContext(ctx)
		for i := range w.src.parts {
			all.Go(func() error {
				unit := out.Building(ctx)
				defer unit.Release()
				return w.emit(ctx, out, unit, w.src.part(ctx, i, unit.Weighs))
			})
		}
		return all.Wait()
	}
	unit := out.Building(ctx)
	defer unit.Release()
	beside := w.account.Hold("reader")
	defer beside.Release()
	w.o.weighs, w.o.kept = unit.Weighs, beside.Set
	return w.emit(ctx, out, unit, w.src.units(ctx))
}

// emit emits units, each once those are resolved that it refers to, and keeps them all if it was asked to pin.
func (w *work) emit(ctx context.Context, out *pipeline.Out[contentmodel.Unit], building *pipeline.Building[contentmodel.Unit], units iter.Seq2[contentmodel.Unit, error]) error {
	var pinned []contentmodel.Unit
	for u, err := range units {
		if err != nil {
			return err
		}
		if w.src.pin {
			pinned = append(pinned, u)
		}
		if r, ok := u.(referrer); ok && r.After() != nil {
			if err := out.Await(ctx, r.After()); err != nil {
				return err
			}
		}
		if err := building.Put(ctx, u); err != nil {
			return err
		}
		w.src.read.Add(1)
	}
	_ = pinned // it lives to here: that is the point of pin=true
	return nil
}
