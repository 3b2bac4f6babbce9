package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
	"github.com/syncmem/syncmem/pipeline/stages"
	"github.com/syncmem/syncmem/sizer"
)

// options are the flags of run.
type options struct {
	source   string
	limit    string
	mode     string
	depth    int
	batch    int
	store    string
	overrun  string
	json     string
	cgroup   bool
	quiet    bool
	stall    time.Duration
	limitN   int64 // of limit, in bytes
	overrunN int64
}

// The modes of run.
const (
	modeBytes = "bytes"
	modeCount = "count"
	modeNone  = "none"
)

func runCommand() *cobra.Command {
	o := new(options)
	c := &cobra.Command{
		Use:   "run",
		Short: "Run one sync under a limit and say whether it held",
		Long: `run syncs a source into a store under a limit for the whole process, and says whether the limit held.

Sources:
  synth:NAME,key=value,...   made on the fly, see below
  deb:PATH-or-URL            a Debian Packages index, plain or .gz .xz .zst .lz4
  PATH-or-URL                a PULP_MANIFEST, plain or compressed

` + synth.Help(),
		Example: `  syncbench run
  syncbench run --source deb:/var/lib/apt/lists/..._Packages --limit 32MiB
  syncbench run --source synth:rpm-evil,seed=7 --limit 128MiB --json result.json
  sudo syncbench run --cgroup            # behind the kernel's OOM killer
  syncbench run --mode count --depth 1000`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(c); err != nil {
				return err
			}
			if o.cgroup {
				return runBehindWall(c.Context(), o)
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.source, "source", "synth:rpm-mixed", "what to sync")
	f.StringVar(&o.limit, "limit", "64MiB", "what the whole process may use")
	f.StringVar(&o.mode, "mode", modeBytes, "how the pipeline is bounded: bytes (by memacct), count (by queue depth) or none")
	f.IntVar(&o.depth, "depth", 0, "slots of each queue, in units (0: 1000; with --mode none there is no bound)")
	f.IntVar(&o.batch, "batch", pipeline.DefaultBatchSize, "units a stage collects before it acts")
	f.StringVar(&o.store, "store", "", "where to: sqlite:FILE or discard (default: a SQLite file that is removed afterwards)")
	f.StringVar(&o.overrun, "overrun", "", "admit a unit that is larger than the budget, alone, up to that much past it (default: fail)")
	f.StringVar(&o.json, "json", "", "write the result as JSON to this file (- for stdout, instead of the text)")
	f.BoolVar(&o.cgroup, "cgroup", false, "run in a memory cgroup of the limit's size, with the kernel's OOM killer on (Linux, needs the right to make one)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	f.DurationVar(&o.stall, "stall-timeout", time.Minute, "how long a URL may send nothing")
	return c
}

// check reads the flags' values, and says what is wrong with them.
func (o *options) check(c *cobra.Command) (err error) {
	if o.limitN, err = bytesize.Parse(o.limit); err != nil {
		return fmt.Errorf("--limit: %w", err)
	}
	if o.limitN == 0 {
		return errors.New("--limit: 0 leaves no memory at all: to run without a limit use --mode none")
	}
	if o.overrun != "" {
		if o.overrunN, err = bytesize.Parse(o.overrun); err != nil {
			return fmt.Errorf("--overrun: %w", err)
		}
	}
	switch o.mode {
	case modeBytes, modeCount:
	case modeNone:
		if c.Flags().Changed("depth") {
			return errors.New("--depth means nothing with --mode none: use --mode count to bound the queues")
		}
	default:
		return fmt.Errorf("--mode: %q is not one of bytes, count, none", o.mode)
	}
	if o.depth < 0 || o.batch < 1 {
		return fmt.Errorf("--depth %d, --batch %d: a depth is 0 or more units, a batch 1 or more", o.depth, o.batch)
	}
	return nil
}

// queueDepth is the number of slots of each queue.
func (o *options) queueDepth() int {
	switch {
	case o.mode == modeNone:
		return 1 << 40 // slots are only made when they are used
	case o.depth == 0:
		return 1000
	}
	return o.depth
}

// run is one sync in this process.
func run(ctx context.Context, o *options) error {
	src, err := openSource(ctx, o.source, o.stall)
	if err != nil {
		return sourceError(ctx, err)
	}
	defer src.Close()
	st, cleanup, err := openStore(ctx, o.store)
	if err != nil {
		return &codedError{exitFailed, err}
	}
	defer cleanup()
	account, err := o.account()
	if err != nil {
		return &codedError{exitFailed, err}
	}
	w := &work{o: o, src: src, store: st, account: account}
	res := w.run(ctx)
	return res.deliver(ctx, o)
}

// work is a sync and what is counted of it.
type work struct {
	o       *options
	src     *source
	store   store
	account *memacct.Account
	known   stages.Known
	saved   stages.Saved
}

// account opens the budget in mode bytes; the other modes account nothing. A Go memory limit goes with it, so
// that the collector does its part; one from GOMEMLIMIT is left alone.
func (o *options) account() (*memacct.Account, error) {
	if o.mode != modeBytes {
		return nil, nil
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(o.limitN - outsideGo(o.limitN))
	}
	policy := memacct.Fail()
	if o.overrunN > 0 {
		policy = memacct.Overrun(o.overrunN)
	}
	b, err := memacct.New(memacct.Config{Limit: memacct.Process(o.limitN), Policy: policy})
	if err != nil {
		return nil, err
	}
	return b.Account("sync"), nil
}

// outsideGo is how many bytes of the process limit the Go runtime does not see: what is resident already
// beside the heap, the caches that SQLite fills yet, and a part for what no one foresees.
func outsideGo(limit int64) int64 {
	const sqliteCaches = 4 * bytesize.MiB
	const unforeseen = 20 // a twentieth
	var outside int64
	if rss, err := procmem.RSSAnon(); err == nil {
		outside = max(0, rss-procmem.ReadGo().Bounded)
	}
	return outside + sqliteCaches + limit/unforeseen
}

// run does the work and measures it.
func (w *work) run(ctx context.Context) *result {
	sampler := procmem.StartSampler(2 * time.Millisecond)
	p := startProgress(w)
	cfg := pipeline.Config[contentmodel.Unit]{
		Account: w.account, Size: sizer.Of[contentmodel.Unit], Depth: w.o.queueDepth(), BatchSize: w.o.batch,
	}
	rep, err := pipeline.Run(ctx, cfg, w.first,
		stages.Query(w.store, 0, &w.known),
		stages.Save(w.store, 0, w.src.sink, &w.saved))
	p.stop()
	sampler.Stop()
	return newResult(w, rep, sampler.Peak(), err)
}

// first is the first stage: it reads units and emits them, and keeps them all if it was asked to pin.
func (w *work) first(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
	var pinned []contentmodel.Unit
	for u, err := range w.src.units(ctx) {
		if err != nil {
			return err
		}
		if w.src.pin {
			pinned = append(pinned, u)
		}
		if err := out.Put(ctx, u); err != nil {
			return err
		}
		w.src.read.Add(1)
	}
	_ = pinned // it lives to here: that is the point of pin=true
	return nil
}
