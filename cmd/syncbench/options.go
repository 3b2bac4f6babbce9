package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
)

// options are the flags of run, and what check makes of them.
type options struct {
	source, limit, limitFrom, mode string
	depth, batch                   int
	store, overrun, json, live     string
	record, out, report            string
	baseline                       string
	cgroup, quiet, inside          bool
	resize                         string
	beside                         []string
	stall                          time.Duration
	window                         string
	policy, repository, artifacts  string
	mirrors                        []string
	downloads                      int
	skipBad                        int

	limitN   int64                   // of limit, in bytes; 0 if it has to be found out
	overrunN int64                   // of overrun
	then     resize                  // of resize
	besides  []*options              // of beside
	windowN  int64                   // of window
	notes    atomic.Int64            // that note was given so far
	kept     func(bytes int64)       // what readers keep beside units is told to; nil where there is no budget
	weighs   func(bytes int64) error // what the unit that is being read weighs is told to; nil where there is no budget
	synth    *synth.Spec             // of source; nil for a real one
	before   *baseline               // of baseline; nil for none
	budget   *memacct.Budget         // that account opened; nil where nothing is accounted
}

// The modes of run.
const (
	modeBytes = "bytes"
	modeCount = "count"
	modeNone  = "none"
)

// limitFromFlag is where a limit is from that was given as an amount.
const limitFromFlag = "--limit"

// register makes the flags.
func (o *options) register(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false // the order of use
	f.StringVar(&o.source, "source", "synth:rpm-mixed", "the `source` to sync, see Sources above")
	f.StringVar(&o.limit, "limit", "64MiB", "what the whole process may use: an `amount` such as 64MiB; or auto: GOMEMLIMIT, else the cgroup's limit, else half of the machine's memory; or a part of auto, such as 60%; MEMACCT_LIMIT is not read")
	f.StringVar(&o.mode, "mode", modeBytes, "`mode`: what bounds the pipeline: the bytes in flight (bytes), the units in each queue (count), or nothing (none)")
	f.StringVar(&o.store, "store", "", storeUsage())
	f.IntVar(&o.depth, "depth", 0, "slots of each queue, in `units` (default 1000; not with --mode none)")
	f.IntVar(&o.batch, "batch", pipeline.DefaultBatchSize, "`units` that a stage collects before it acts")
	f.StringVar(&o.overrun, "overrun", "", "admit a unit that is larger than the budget, alone, up to that `amount` past it (default: fail)")
	o.registerReading(c)
	o.registerPolicy(c)
	f.StringArrayVar(&o.beside, "beside", nil, "sync that `source`, too, at the same time and on the same budget, into a store of its own: FILE.2 where --store is sqlite:FILE; give it again for a third, into FILE.3")
	f.BoolVar(&o.cgroup, "cgroup", false, "run in a memory cgroup of the limit's size, with the kernel's OOM killer on (Linux only; needs the right to make one, as root has)")
	f.StringVar(&o.resize, "resize", "", "change the limit while the run lasts, as Kubernetes resizes a pod in place: `time:amount`, such as 5s:48MiB; with --cgroup it is the cgroup's, which may only fall, and memacct has to notice by itself")
	f.StringVar(&o.json, "json", "", "write the result as JSON to this `file`, too; - is stdout, instead of the text")
	f.StringVar(&o.baseline, "baseline", "", baselineUsage)
	f.StringVar(&o.live, "live", "", "serve a live page and /metrics at this `address` while the run lasts, such as :6060, or localhost:6060 for this machine alone")
	f.StringVar(&o.out, "out", "", "make a run `folder` of everything there is to know, which syncbench report shows; it is complete as far as the run got, also after a kill")
	f.StringVar(&o.report, "report", "", "write the run as one HTML page to this `file`, too")
	f.StringVar(&o.record, "record", "", "record the last minutes into this `file`, which survives a kill; syncbench record shows it")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	f.StringVar(&o.limitFrom, "limit-from", limitFromFlag, "where --limit is from, in words")
	f.BoolVar(&o.inside, "inside", false, "the folder of --out is made already")
	_ = f.MarkHidden("limit-from") // for the child of --cgroup, which can't find it out any more
	_ = f.MarkHidden("inside")     // for it, too
	o.complete(c)
}

// complete tells the shell which words a flag takes.
func (o *options) complete(c *cobra.Command) {
	words := func(names ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)
	}
	var sources []string
	for _, name := range synth.Names() {
		sources = append(sources, synthPrefix+name)
	}
	for _, f := range formats {
		if f.prefix != "" && f.prefix != synthPrefix {
			sources = append(sources, f.prefix)
		}
	}
	for name, fn := range map[string]cobra.CompletionFunc{
		"mode": words(modeBytes, modeCount, modeNone), "limit": words("64MiB", "auto"),
		"source": cobra.FixedCompletions(sources, cobra.ShellCompDirectiveNoSpace),
		"beside": cobra.FixedCompletions(sources, cobra.ShellCompDirectiveNoSpace),
		"policy": words(policies...),
		"store":  cobra.FixedCompletions(storeNames(false), cobra.ShellCompDirectiveNoSpace),
	} {
		_ = c.RegisterFlagCompletionFunc(name, fn) // fails only for a flag that is not there
	}
}

// check reads the flags' values, and says what is wrong with them before anything is opened.
func (o *options) check(depthGiven bool) error {
	for _, check := range []func() error{o.checkLimit, o.checkResize, o.checkOverrun, o.checkSource, o.checkReading, o.checkStore, o.checkPolicy, o.checkBeside, o.checkLive, o.checkOut, o.checkBaseline} {
		if err := check(); err != nil {
			return err
		}
	}
	switch o.mode {
	case modeBytes, modeCount:
	case modeNone:
		if depthGiven {
			return errors.New("--depth means nothing with --mode none: use --mode count to bound the queues")
		}
	default:
		return fmt.Errorf("--mode: %q is not one of bytes, count, none", o.mode)
	}
	switch {
	case o.depth < 0:
		return fmt.Errorf("--depth %d: want 1 unit or more, or 0 for the default", o.depth)
	case o.batch < 1:
		return fmt.Errorf("--batch %d: want 1 unit or more", o.batch)
	}
	return nil
}

func (o *options) checkOverrun() (err error) {
	if o.overrun == "" {
		return nil
	}
	if o.mode != modeBytes {
		return fmt.Errorf("--overrun means nothing with --mode %s, which has no budget", o.mode)
	}
	if o.overrunN, err = bytesize.Parse(o.overrun); err != nil {
		return fmt.Errorf("--overrun: %w", err)
	}
	return nil
}

// queueDepth is the number of slots of each queue.
func (o *options) queueDepth() int {
	switch {
	case o.mode == modeNone:
		return unbounded
	case o.depth == 0:
		return 1000
	}
	return o.depth
}

// unbounded is more units than any memory holds. Slots are only made when they are used.
const unbounded = 1<<31 - 1

// args are the flags of run again, for a child with the same work.
func (o *options) args() []string {
	a := []string{
		"--source=" + o.source, fmt.Sprintf("--limit=%dB", o.limitN), "--limit-from=" + o.limitFrom,
		"--mode=" + o.mode, fmt.Sprint("--batch=", o.batch), "--store=" + o.store, "--overrun=" + o.overrun,
		"--policy=" + o.policy, "--repository=" + o.repository, "--artifacts=" + o.artifacts, fmt.Sprint("--downloads=", o.downloads),
		"--json=" + o.json, "--baseline=" + o.baseline, "--live=" + o.live, fmt.Sprint("--stall-timeout=", o.stall), "--max-window=" + o.window, fmt.Sprint("--skip-bad=", o.skipBad), fmt.Sprint("--quiet=", o.quiet),
	}
	for _, mirror := range o.mirrors {
		a = append(a, "--mirror="+mirror)
	}
	for _, source := range o.beside {
		a = append(a, "--beside="+source)
	}
	if o.mode != modeNone {
		a = append(a, fmt.Sprint("--depth=", o.depth))
	}
	if o.out != "" {
		return append(a, "--out="+o.out, "--inside")
	}
	return append(a, "--record="+o.record)
}
