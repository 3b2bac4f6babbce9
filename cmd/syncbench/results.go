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
}

// workloads are those of the results page. make results does them all.
var workloads = []workload{
	{"many small units", "synth:file-flat,units=400000", "64MiB", false, ""},
	{"a Debian index", "synth:deb-index", "64MiB", false, ""},
	{"RPM packages, a heavy tail", "synth:rpm-mixed,units=130000", "64MiB", false, ""},
	{"the giants one after the other", "synth:rpm-mixed,units=130000,order=giants-adjacent", "64MiB", false, ""},
	{"the same giant in many versions", "synth:rpm-evil", "96MiB", false, ""},
	{"one unit larger than the budget", "synth:rpm-one-giant", "64MiB", true, ""},
	{"modules that know their packages", "synth:rpm-modular", "64MiB", false, ""},
	{"many units built at once", "synth:ansible,units=100", "64MiB", false, ""},
	{"units that wait for others", "synth:container-dag,units=5000", "64MiB", false, ""},
	{"a slow sink", "synth:rpm-mixed,units=20000,sink=20ms", "64MiB", false, ""},
	{"a first stage that keeps every unit", "synth:rpm-mixed,units=50000,pin=true", "64MiB", true, ""},
	{"a limit that falls to half", "synth:rpm-mixed,units=60000", "128MiB", false, "3s:64MiB"},
}

// more are the flags of the run by bytes, beside those of all.
func (w workload) more() []string {
	if w.resize == "" {
		return nil
	}
	return []string{"--resize=" + w.resize}
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
		if o.free, err = b.run(ctx, w.name, "--mode="+modeNone); err != nil {
			return err
		}
		b.say(w.name+", unlimited", o.free)
		l := &ladder{Wall: "cgroup"}
		limit, err := bytesize.Parse(w.limit)
		if err != nil {
			return err
		}
		if o.count, err = b.behind(ctx, l, limit, "--mode="+modeCount, "--depth=1000"); err != nil {
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
		p("| %s | %d | %s | %s | %s | %s | %s | %s | %.0f | %.1f s |\n", o.name, o.free.Units, bytesize.Format(o.free.peak()), o.limits(),
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
