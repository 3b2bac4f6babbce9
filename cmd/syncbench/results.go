package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// workload is a source and a limit that its unlimited peak is well above.
type workload struct {
	name, source, limit string
	fails               bool   // it can't be held, and the run must say so
	resize              string // what --resize is, of the run by bytes; "" for none
	beside              string // what --beside is, of all runs; "" for none
}

// workloads are those of the results page. make results does them all.
var workloads = []workload{
	{name: "many small units", source: "synth:file-flat,units=400000", limit: "64MiB"},
	{name: "a Debian index", source: "synth:deb-index", limit: "64MiB"},
	{name: "RPM packages, a heavy tail", source: "synth:rpm-mixed,units=130000", limit: "64MiB"},
	{name: "the giants one after the other", source: "synth:rpm-mixed,units=130000,order=giants-adjacent", limit: "64MiB"},
	{name: "the same giant in many versions", source: "synth:rpm-evil", limit: "96MiB"},
	{name: "one unit larger than the budget", source: "synth:rpm-one-giant", limit: "64MiB", fails: true},
	{name: "modules that know their packages", source: "synth:rpm-modular", limit: "64MiB"},
	{name: "many units built at once", source: "synth:ansible,units=100", limit: "64MiB"},
	{name: "units that wait for others", source: "synth:container-dag,units=5000", limit: "64MiB"},
	{name: "a slow sink", source: "synth:rpm-mixed,units=20000,sink=20ms", limit: "64MiB"},
	{name: "a first stage that keeps every unit", source: "synth:rpm-mixed,units=50000,pin=true", limit: "64MiB", fails: true},
	{name: "a limit that falls to half", source: "synth:rpm-mixed,units=60000", limit: "128MiB", resize: "3s:64MiB"},
	{name: "two syncs at once", source: "synth:rpm-mixed,units=20000", limit: "64MiB", beside: "synth:file-flat,units=200000"},
}

// work are the flags of all its runs that say what the work is, beside the source.
func (w workload) work() (words flagWords) {
	words.add(w.beside != "", "beside", w.beside)
	return words
}

// more are the flags of the run by bytes.
func (w workload) more() []string {
	words := w.work()
	words.add(w.resize != "", "resize", w.resize)
	return words
}

// limits are those of the run by bytes, in words.
func (w workload) limits() string {
	if after, then, ok := strings.Cut(w.resize, ":"); ok {
		return fmt.Sprintf("%s, %s after %s", w.limit, then, after)
	}
	return w.limit
}

// outcome is how one workload went.
type outcome struct {
	workload
	source             string // with all its keys
	free, count, bytes *result
}

// resultsCommand makes the results page; make results calls it.
func resultsCommand() *cobra.Command {
	b := new(bench)
	var only string
	c := &cobra.Command{
		Use:    "results",
		Short:  "Do the workloads of the results page, and print it as Markdown",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			b.o.source = "synth:rpm-mixed"
			if err := b.check(); err != nil {
				return err
			}
			return b.results(c.Context(), only)
		},
	}
	b.registerWork(c)
	c.Flags().StringVar(&only, "only", "", "the workloads whose name has these `words`")
	b.registerOutput(c)
	b.runs = 1
	return c
}

// results does each workload unlimited, by count behind a wall, and by bytes behind it.
func (b *bench) results(ctx context.Context, only string) error {
	var all []*outcome
	for _, w := range workloads {
		if !strings.Contains(w.name, only) {
			continue
		}
		b.o.source = w.source
		if err := b.o.checkSource(); err != nil {
			return err
		}
		o := &outcome{workload: w, source: b.o.sourceName()}
		var err error
		if o.free, err = b.run(ctx, w.name, append(w.work(), "--mode="+modeNone)...); err != nil {
			return err
		}
		b.say(w.name+", unlimited", o.free)
		l := &ladder{Wall: "cgroup"}
		limit, err := bytesize.Parse(w.limit)
		if err != nil {
			return err
		}
		if o.count, err = b.behind(ctx, l, limit, append(w.work(), "--mode="+modeCount, "--depth=1000")...); err != nil {
			return err
		}
		b.say(w.name+", by count", o.count)
		if o.bytes, err = b.behind(ctx, l, limit, w.more()...); err != nil {
			return err
		}
		b.say(w.name+", by bytes", o.bytes)
		all = append(all, o)
	}
	if err := printResults(os.Stdout, all, environment()); err != nil {
		return failed(err)
	}
	for _, o := range all {
		if held := o.bytes.Verdict == verdictHeld; held == o.fails || o.bytes.broke(o.bytes.Limit) {
			return failed(fmt.Errorf("%s: %s", o.name, o.bytes.brief()))
		}
	}
	return nil
}

// units are those of each sync, in words.
func (r *result) units() string {
	text := fmt.Sprint(r.Units)
	for _, b := range r.Beside {
		text += fmt.Sprint(" beside ", b.Units)
	}
	return text
}

// printResults writes the page.
func printResults(out io.Writer, all []*outcome, env map[string]string) error {
	var said []error
	p := func(format string, args ...any) {
		_, err := fmt.Fprintf(out, format, args...)
		said = append(said, err)
	}
	p("# Results\n\nMade by `make results`, which does it all again. Each row is one sync into SQLite, three times over: without a\n" +
		"limit; behind a memory cgroup of the limit with 1000 units in each queue; and behind the same with `memacct`.\n\n")
	p("| workload | units | unlimited | limit | by count | by bytes | peak | of the speed | mean batch | gate closed |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, o := range all {
		r := o.bytes
		speed := "–" // of a run that failed it says nothing
		if r.Verdict == verdictHeld {
			speed = fmt.Sprintf("%.2f", r.UnitsPerSecond/max(o.free.UnitsPerSecond, 1e-9))
		}
		p("| %s | %s | %s | %s | %s | %s | %s | %s | %.0f | %.1f s |\n", o.name, o.free.units(), bytesize.Format(o.free.peak()), o.limits(),
			o.count.brief(), r.brief(), amountOr(r.PeakRSSAnon, "–"), speed, r.MeanBatch, r.GateWait)
	}
	p("\nA first stage that keeps every unit, and a unit larger than the limit, can't be held: what counts is that the run fails with an error that says so, and is not killed.\n\n")
	for _, o := range all {
		p("- %s: `%s`", o.name, strings.Join(append([]string{"syncbench run --cgroup --limit", o.limit, "--source", o.source}, o.more()...), " "))
		if o.bytes.Error != "" {
			p("\n  ends with: %s", oneLine(errors.New(o.bytes.Error)))
		}
		p("\n")
	}
	p("\n## Machine\n\n")
	for _, k := range slices.Sorted(maps.Keys(env)) {
		p("- %s: %s\n", k, env[k])
	}
	return errors.Join(said...)
}
