package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/memacct/record"
)

func runCommand() *cobra.Command {
	o := new(options)
	c := &cobra.Command{
		Use:   "run",
		Short: "Run a sync, or several at once, under a limit and say whether it held",
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
  syncbench run --beside synth:file-flat,units=100000 # two syncs at once, which share the limit
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

// run is one run in this process, from the flags to the result.
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

// work is a run: one sync, or several at once on one budget, and what all of them have in common.
type work struct {
	o        *options
	syncs    []*oneSync // that of --source, then those of --beside
	live     *live
	recorder *record.Recorder
	sizes    sizes
}

// open opens everything that the work needs.
func (w *work) open(ctx context.Context) (err error) {
	if err = w.o.findLimit(); err != nil {
		return err
	}
	for _, o := range append([]*options{w.o}, w.o.besides...) {
		s := &oneSync{o: o, sizes: &w.sizes}
		w.syncs = append(w.syncs, s)
		if err = s.open(ctx); err != nil {
			return w.of(s, err)
		}
	}
	if err = w.openAccounts(); err != nil {
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

// openAccounts opens the budget, and an account of it for each sync. Without a budget there is none.
func (w *work) openAccounts() (err error) {
	if w.syncs[0].account, err = w.o.account(); err != nil || w.o.budget == nil {
		return err
	}
	for _, s := range w.syncs[1:] {
		s.account = w.o.budget.Account(s.o.sourceName())
	}
	return nil
}

// of is an error of one sync, which says of which where there are several.
func (w *work) of(s *oneSync, err error) error {
	if err == nil || len(w.o.besides) == 0 {
		return err
	}
	return &sourceError{s.o.sourceName(), err}
}

// close closes what open opened, all or some of it.
func (w *work) close() {
	w.live.close()
	w.recorder.Close() // a write that failed was logged
	for _, s := range w.syncs {
		s.close()
	}
}

// run does the work and measures it. Where one sync fails the others are cancelled: the run is one.
func (w *work) run(ctx context.Context) *result {
	memory := startMeter(w.o)
	p := startProgress(w)
	stop := w.o.resizeBudget()
	began := time.Now()
	all, running := errgroup.WithContext(ctx)
	for _, s := range w.syncs {
		all.Go(func() error { return w.of(s, s.run(running)) })
	}
	err := all.Wait()
	stop()
	p.stop()
	if err == nil {
		w.o.sayLate(time.Since(began))
	}
	return newResult(ctx, w, memory.stop(), err)
}

// done is which part was read of the source of which the least was, from 0 to 1; negative if that can't be told.
func (w *work) done() float64 {
	least := 1.0
	for _, s := range w.syncs {
		least = min(least, s.src.done())
	}
	return least
}
