package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/bytesize"
)

const schemaCompare = "syncbench-compare/v1"

// comparison is the same work done in several modes. Amounts are bytes.
type comparison struct {
	Schema   string            `json:"schema"`
	Source   string            `json:"source"`
	Limit    int64             `json:"limit_bytes"`
	Rounds   int               `json:"rounds"`
	Runs     []comparedRun     `json:"runs"` // all of them, in the order in which they were done
	Modes    []*comparedMode   `json:"modes"`
	Baseline *against          `json:"baseline,omitempty"`
	Env      map[string]string `json:"env"`
}

// comparedRun is one run, with where it stood.
type comparedRun struct {
	Round int `json:"round"`
	Depth int `json:"depth"` // slots of each queue; 0 is the default of the mode
	result
}

// comparedMode is what bounds the pipeline, and how the runs with it went.
type comparedMode struct {
	Mode   string  `json:"mode"`
	Depth  int     `json:"depth"`
	Held   int     `json:"held"` // runs that kept to the limit
	Broken int     `json:"broken"`
	Failed int     `json:"failed"`
	Median figures `json:"median"`
	Min    figures `json:"min"`
	Max    figures `json:"max"`
	// Medians of the ratios to the first mode, round by round.
	PeakRatio  float64 `json:"peak_ratio"`
	SpeedRatio float64 `json:"speed_ratio"`

	all    []figures
	failed error // of the last run that did
}

// String is the mode as --modes spells it.
func (m *comparedMode) String() string {
	if m.Depth > 0 {
		return fmt.Sprintf("%s:%d", m.Mode, m.Depth)
	}
	return m.Mode
}

// parseModes reads --modes.
func parseModes(text string) (all []*comparedMode, err error) {
	for one := range strings.SplitSeq(text, ",") {
		mode, depth, given := strings.Cut(one, ":")
		m := &comparedMode{Mode: mode}
		if given {
			if m.Depth, err = strconv.Atoi(depth); err != nil || m.Depth < 1 {
				return nil, fmt.Errorf("--modes: %q: want 1 slot or more behind the colon, such as count:1000", one)
			}
		}
		switch {
		case mode != modeBytes && mode != modeCount && mode != modeNone:
			return nil, fmt.Errorf("--modes: %q is not one of bytes, count, none, with :DEPTH behind the first two", one)
		case mode == modeNone && given:
			return nil, errors.New("--modes: none bounds nothing, so that it has no depth: use count to bound the queues")
		case slices.ContainsFunc(all, func(o *comparedMode) bool { return o.String() == m.String() }):
			return nil, fmt.Errorf("--modes: %q is there twice", one)
		}
		all = append(all, m)
	}
	return all, nil
}

func compareCommand() *cobra.Command {
	b := new(bench)
	var modes, format string
	c := &cobra.Command{
		Use:   "compare",
		Short: "Do the same work in several modes side by side",
		Long: `compare does the same work bounded by nothing, by units in each queue, and by bytes, each run in a process of its
own, and prints what each took: medians of --runs, with the least and the most, and the ratios to the first mode. The
modes take turns, each round beginning with the next one, and ratios are of the runs of one round, so that what else the
machine does hits all alike.

Only runs bounded by bytes are asked to keep to the limit. Exit codes: 0 all of those held; 1 a run failed, and said
why; 2 wrong usage; 3 one of those broke the limit; 130 interrupted, with what there is printed.`,
		Example: `  syncbench compare
  syncbench compare --source deb:Packages.xz --store discard --limit 32MiB
  syncbench compare --modes count:1000,count:1 --runs 7
  syncbench compare --format bench | benchstat -col /mode -`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := parseModes(modes)
			if err != nil {
				return err
			}
			if format != "table" && format != "bench" {
				return fmt.Errorf("--format: %q is not one of table, bench", format)
			}
			if format == "bench" && b.json == "-" {
				return errors.New("--format bench and --json - both want stdout: name a file")
			}
			if err := errors.Join(b.check(), b.o.checkLimit()); err != nil {
				return err
			}
			line := b.line("compare", "--limit="+b.o.limit, "--modes="+modes)
			return inFolder(b.out, "", "compare", line, func() error { return b.compare(c.Context(), all, format) })
		},
	}
	b.registerWork(c)
	c.Flags().StringVar(&b.o.limit, "limit", "64MiB", "what the whole process may use where bytes bound it: an `amount`, auto, or a part of auto such as 60%")
	c.Flags().StringVar(&modes, "modes", "none,count:1000,count:1,bytes", "what is compared: `names` of modes, with :DEPTH for the slots of each queue")
	c.Flags().IntVar(&b.runs, "runs", 5, "`number` of runs in each mode")
	c.Flags().StringVar(&format, "format", "table", "`how` the result is printed: table, or bench, which benchstat reads")
	b.registerOutput(c)
	return c
}

// compare does all runs and prints what came of them. What there is when it is interrupted is printed, too.
func (b *bench) compare(ctx context.Context, modes []*comparedMode, format string) error {
	out, err := openOutput(b.json, b.out)
	if err != nil {
		return failed(err)
	}
	if err := b.o.findLimit(); err != nil {
		return failed(err)
	}
	c := &comparison{Schema: schemaCompare, Source: b.o.sourceName(), Limit: b.o.limitN, Rounds: b.runs, Modes: modes, Env: environment()}
	if err := b.o.before.fits(c); err != nil {
		return err
	}
	b.total = b.runs * len(modes)
	ended := b.rounds(ctx, c, out)
	if len(c.Runs) == 0 {
		return ended // there is nothing to show
	}
	text := c.print
	if format == "bench" {
		text = c.printBench
	}
	if c.Baseline, err = b.o.before.compare(c); err != nil && ended == nil {
		ended = failed(err)
	}
	if err := out.emit(c, text); err != nil {
		return err
	}
	return cmp.Or(ended, c.verdict(), c.Baseline.err())
}

// rounds runs every mode once a round, and begins each round with another one.
func (b *bench) rounds(ctx context.Context, c *comparison, out *output) error {
	for round := range b.runs {
		for i := range c.Modes {
			m := c.Modes[(round+i)%len(c.Modes)]
			args := []string{fmt.Sprintf("--limit=%dB", c.Limit), "--limit-from=" + b.o.limitFrom, "--mode=" + m.Mode}
			if m.Depth > 0 {
				args = append(args, fmt.Sprint("--depth=", m.Depth))
			}
			r, err := b.run(ctx, m.String(), args...)
			if err != nil {
				return err
			}
			if len(c.Runs) == 0 && r.Verdict == verdictFailed { // so will the others
				return failed(errors.New(oneLine(errors.New(r.Error))))
			}
			b.say(m.String(), r)
			c.Runs = append(c.Runs, comparedRun{round + 1, m.Depth, *r})
			m.add(r)
			c.sum()
			if err := out.keep(c); err != nil {
				return failed(err)
			}
		}
	}
	return nil
}

// add takes a run.
func (m *comparedMode) add(r *result) {
	switch r.Verdict {
	case verdictHeld:
		m.Held++
	case verdictBroken:
		m.Broken++
	default:
		m.Failed++
		m.failed = errors.New(r.Error)
		return // what it took says nothing about the work
	}
	m.all = append(m.all, figuresOf(r))
}

// sum finds the figures of each mode.
func (c *comparison) sum() {
	for _, m := range c.Modes {
		m.Median, m.Min, m.Max = each(m.all, median), each(m.all, least), each(m.all, most)
		peak, speed := ratios(m.all, c.Modes[0].all)
		m.PeakRatio, m.SpeedRatio = median(peak), median(speed)
	}
}

func least(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	return slices.Min(all)
}

func most(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	return slices.Max(all)
}

// verdict is of the runs that a limit was given for, and of those that failed.
func (c *comparison) verdict() error {
	for _, m := range c.Modes {
		if m.Failed > 0 {
			return failed(fmt.Errorf("%s: %d of %d runs failed: %s", m, m.Failed, c.Rounds, oneLine(m.failed)))
		}
	}
	for _, m := range c.Modes {
		if m.Mode == modeBytes && m.Broken > 0 {
			return &codedError{exitBroken, fmt.Errorf("%s: %d of %d runs broke the limit of %s", m, m.Broken, c.Rounds, bytesize.Format(c.Limit))}
		}
	}
	return nil
}

// print shows the table to a person.
func (c *comparison) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "source\t%s\nlimit\t%s, where bytes bound the pipeline\n\n", c.Source, bytesize.Format(c.Limit))
	fmt.Fprintf(w, "mode\truns\tpeak (least - most)\tof %s\tunits/s (least - most)\tof %s\tmean batch\tover the limit\n", c.Modes[0], c.Modes[0])
	for _, m := range c.Modes {
		if len(m.all) == 0 {
			fmt.Fprintf(w, "%s\t%d failed\t\t\t\t\t\t\n", m, m.Failed)
			continue
		}
		mib := func(n float64) string { return bytesize.Format(int64(n)) }
		fmt.Fprintf(w, "%s\t%d\t%s (%s - %s)\t%.2f\t%.0f (%.0f - %.0f)\t%.2f\t%.1f\t%d of %d\n", m, len(m.all),
			mib(m.Median.PeakRSSAnon), mib(m.Min.PeakRSSAnon), mib(m.Max.PeakRSSAnon), m.PeakRatio,
			m.Median.UnitsPerSecond, m.Min.UnitsPerSecond, m.Max.UnitsPerSecond, m.SpeedRatio, m.Median.MeanBatch, m.Broken, len(m.all))
	}
	return errors.Join(w.Flush(), c.Baseline.print(out))
}

// printBench prints a line for each run, in the format of Go's benchmarks.
func (c *comparison) printBench(out io.Writer) error {
	fmt.Fprintf(out, "goos: %s\ngoarch: %s\n", c.Env["os"], c.Env["arch"])
	if cpu := c.Env["cpu"]; cpu != "" {
		fmt.Fprintf(out, "cpu: %s\n", cpu)
	}
	name := strings.NewReplacer("/", "_", " ", "_").Replace(c.Source)
	var err error
	for _, r := range c.Runs {
		if r.Verdict == verdictFailed || err != nil {
			continue
		}
		f := figuresOf(&r.result)
		m := &comparedMode{Mode: r.Mode, Depth: r.Depth}
		_, err = fmt.Fprintf(out, "BenchmarkSync/source=%s/limit=%s/mode=%s 1 %.0f ns/op %.0f peak-rss-B %.0f units/s %.3f cpu-s %.1f units/batch\n",
			name, strings.ReplaceAll(bytesize.Format(c.Limit), " ", ""), m, f.Seconds*1e9, f.PeakRSSAnon, f.UnitsPerSecond, f.CPU, f.MeanBatch)
	}
	return err
}
