package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/sizer"
)

const schemaPlan = "syncbench-plan/v1"

// plan is the limit that a source needs, as far as its metadata tells. Amounts are bytes.
type plan struct {
	Schema    string    `json:"schema"`
	Source    string    `json:"source"`
	Predicted int64     `json:"predicted_limit_bytes"` // the least that should hold
	Low       int64     `json:"low_bytes"`             // below it the run is bound to fail
	High      int64     `json:"high_bytes"`            // from here on batches are full
	Units     int64     `json:"units"`                 // that were read
	Sampled   bool      `json:"sampled"`               // there are more
	Largest   int64     `json:"largest_unit_bytes"`
	Mean      int64     `json:"mean_unit_bytes"`
	Parts     planParts `json:"parts"`
}

// planParts are what the predicted limit is the sum of.
type planParts struct {
	Program int64 `json:"program_bytes"`        // what it uses before any content, and grows by once it works
	Files   int64 `json:"files_bytes"`          // its code, and the pages of files that a cgroup must keep beside the heap
	Units   int64 `json:"largest_unit_bytes"`   // it is built alone, when all others are saved
	Batch   int64 `json:"heaviest_batch_bytes"` // for the upper figure: the heaviest that follow each other
	Heap    int64 `json:"collector_bytes"`      // by how far the heap outgrows what lives in it
}

func planCommand() *cobra.Command {
	b := new(bench)
	var format string
	var sample int64
	c := &cobra.Command{
		Use:   "plan",
		Short: "Read the metadata only and predict the limit a source needs",
		Long: `plan reads a source, saves nothing, and predicts the limit that a sync of it needs: what this program uses by itself,
what a cgroup must keep of its code and files, the largest unit, and what the collector needs on top of that. The
prediction is the least limit that should hold: a budget of it lets the largest unit be built while nothing else is in
flight. Below low a run is bound to fail; from high on every stage gets full batches of --batch units. It holds one unit
at a time. How many units a source builds at once (fanout= of synth:ansible) does not raise the prediction: each is charged
before it is built, so that under a lower limit fewer are built at once. high does not count them.

What it says is true of syncbench: a program of yours has another heap and other code. With --sample it is true of the
units that were read. syncbench sweep measures what plan predicts.

Exit codes: 0 all units were read; 1 the source can't be read, or only a part of it; 2 wrong usage; 130 interrupted.`,
		Example: `  syncbench plan --source rpm:https://example.org/repo/
  syncbench plan --source deb:Packages.xz --json plan.json
  syncbench plan --source deb:Packages.xz --format k8s`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "table" && format != "k8s" {
				return fmt.Errorf("--format: %q is not one of table, k8s", format)
			}
			if format == "k8s" && b.json == "-" {
				return errors.New("--format k8s and --json - both want stdout: name a file")
			}
			if sample < 0 {
				return fmt.Errorf("--sample %d: want 1 unit or more, or 0 for all", sample)
			}
			b.runs, b.store = 1, storeDiscard
			if err := b.check(); err != nil {
				return err
			}
			return b.plan(c.Context(), format, sample)
		},
	}
	b.o.registerSource(c)
	c.Flags().IntVar(&b.o.batch, "batch", 500, "`units` that a stage collects before it acts")
	c.Flags().Int64Var(&sample, "sample", 0, "read that many `units` only (default: all)")
	c.Flags().StringVar(&format, "format", "table", "`how` the result is printed: table, or k8s for the resources of a container")
	c.Flags().StringVar(&b.json, "json", "", "write the result as JSON to this `file`, too; - is stdout, instead of the table")
	return c
}

// plan reads the source and prints what it needs.
func (b *bench) plan(ctx context.Context, format string, sample int64) error {
	out, err := openOutput(b.json, "")
	if err != nil {
		return failed(err)
	}
	src, err := openSource(ctx, &b.o)
	if err != nil {
		return failed(err)
	}
	defer src.Close()
	w := weights{last: make([]int64, b.o.batch)}
	p := &plan{Schema: schemaPlan, Source: b.o.sourceName()}
	for u, err := range src.units(ctx) {
		switch {
		case ctx.Err() != nil:
			return &codedError{exitInterrupted, errors.New("interrupted")}
		case err != nil:
			return failed(err)
		}
		if p.Sampled = sample > 0 && w.units == sample; p.Sampled {
			break
		}
		w.add(sizer.Of(u))
	}
	if w.units == 0 {
		return failed(errors.New("the source has no units: there is nothing to plan"))
	}
	if err := p.predict(&w); err != nil {
		return failed(err)
	}
	text := p.print
	if format == "k8s" {
		text = p.printK8s
	}
	return out.emit(p, text)
}

// weights are what is known of the units, in bytes.
type weights struct {
	units, sum      int64
	largest, second int64
	last            []int64 // those of the last batch, by their number
	batch, heaviest int64   // of the last, and of any units that follow each other
}

func (w *weights) add(n int64) {
	at := &w.last[w.units%int64(len(w.last))]
	w.batch += n - *at
	*at = n
	w.heaviest = max(w.heaviest, w.batch)
	w.units++
	w.sum += n
	switch {
	case n > w.largest:
		w.largest, w.second = n, w.largest
	case n > w.second:
		w.second = n
	}
}

// stagesOfRun is how many stages of a run hold a batch.
const stagesOfRun = 2

// aRunMore is the inverse of the part of a limit that a run needs beyond what a budget alone lets be built: its stages leave
// garbage. A giant of 96 MiB took 152 MiB of 147, one of 32 MiB 57 of 55.
const aRunMore = 16

// predict turns weights into limits, by asking a budget how much of a limit it leaves for content.
func (p *plan) predict(w *weights) (err error) {
	p.Units, p.Largest, p.Mean = w.units, w.largest, w.sum/w.units
	none, err := limitFor(0)
	if err != nil {
		return err
	}
	alone, err := searchLimit(func(limit int64) bool { return builds(limit, w.largest) })
	if err != nil {
		return err
	}
	alone += alone / aRunMore
	program := none - filesOf(none)
	p.Low, p.Predicted = max(none, program+w.largest), max(none, alone)
	full, err := limitFor(w.largest + w.second + stagesOfRun*w.heaviest)
	if err != nil {
		return err
	}
	p.High = max(full, p.Predicted)
	files := max(0, min(filesOf(p.Predicted), p.Predicted-program-w.largest)) // of their room a giant gets a part
	p.Parts = planParts{
		Program: program, Files: files, Units: w.largest, Batch: w.heaviest,
		Heap: max(0, p.Predicted-files-program-w.largest),
	}
	return nil
}

// limitFor is the least process limit, files and all, that leaves so many bytes for content.
func limitFor(content int64) (int64, error) {
	limit, err := searchLimit(func(limit int64) bool { return leaves(limit, content) })
	return withFiles(limit), err
}

// searchLimit finds the least process limit that is enough.
func searchLimit(enough func(limit int64) bool) (int64, error) {
	debug.FreeOSMemory() // what reading the source has left behind is not the program
	least, most := int64(0), int64(bytesize.MiB)
	for ; !enough(most); least, most = most, 2*most {
		if most >= mostPlanned {
			return 0, errors.New("no limit that this machine can hold is enough for these units: plan where there is more memory")
		}
	}
	for most-least > bytesize.MiB/4 {
		if limit := (least + most) / 2; enough(limit) {
			most = limit
		} else {
			least = limit
		}
	}
	return most, nil
}

// builds reports whether a unit of so many bytes can be built in a process of that limit, while nothing else is in
// flight: it is charged as a reader does, and refused where a run refuses it. A limit of a cgroup is enough as it is,
// for a giant gets the room of files, too.
func builds(limit, bytes int64) bool {
	b, err := memacct.New(memacct.Config{
		Limit: memacct.Process(limit), GoLimit: memacct.GoLimitSet, RestoreGoLimit: true, KeepHugePages: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return false
	}
	ctx := context.Background()
	defer b.Close(ctx) // nothing is in flight: it can't fail
	unit := memacct.NewGate(b.Account("plan"), "unit", 1, func(n int64) int64 { return n })
	r, err := unit.Reserve(ctx, 1)
	if err != nil {
		return false
	}
	defer r.Release()
	for n := int64(0); n < bytes && err == nil; {
		n = min(n+max(buildStep, n/64), bytes)
		err = r.GrowTo(ctx, n)
	}
	return err == nil
}

// buildStep is how many bytes a unit grows by when it is charged, until a part of it is more: then the steps of a run,
// which are of this size, come to the same.
const buildStep = 32 << 10

// mostPlanned is more than any machine has, in bytes.
const mostPlanned = 1 << 46

// leaves reports whether a budget of that process limit leaves so many bytes for content at first. One that is too small
// for any can't be made.
func leaves(limit, content int64) bool {
	b, err := memacct.New(memacct.Config{
		Limit: memacct.Process(limit), Mode: memacct.Shadow, GoLimit: memacct.GoLimitSet, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return false
	}
	defer b.Close(context.Background()) // nothing is in flight: it can't fail
	return b.Stats().Limit >= content
}

// withFiles is the limit of a cgroup that leaves so much beside what it must keep of files.
func withFiles(heap int64) int64 {
	limit := heap
	for range 8 { // the room for files grows with the limit, and has a bound
		limit = heap + filesOf(limit)
	}
	return limit
}

// filesOf is what a cgroup of that limit must keep of this program's code and files.
func filesOf(limit int64) int64 {
	s, err := procmem.Read()
	if err != nil {
		return 0
	}
	return procmem.AnyFiles(s.RSSFile).Room(limit)
}

// print shows the plan to a person, with the arithmetic.
func (p *plan) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	f := bytesize.Format
	read := fmt.Sprint(p.Units)
	if p.Sampled {
		read += ", and there are more"
	}
	fmt.Fprintf(w, "source\t%s\nunits\t%s\nlargest\t%s\nmean\t%s\n", p.Source, read, f(p.Largest), f(p.Mean))
	fmt.Fprintf(w, "limit\t%s, the least that should hold\n", f(p.Predicted))
	fmt.Fprintf(w, "\t= %s the program itself, with room for small units + %s its code and files, in a cgroup + %s the largest unit + %s for the collector\n",
		f(p.Parts.Program), f(p.Parts.Files), f(p.Parts.Units), f(p.Parts.Heap))
	fmt.Fprintf(w, "low\t%s: below, the program and its largest unit do not fit\n", f(p.Low))
	fmt.Fprintf(w, "high\t%s: from here on batches are full, the heaviest has %s\n", f(p.High), f(p.Parts.Batch))
	return w.Flush()
}

// printK8s prints the resources of a container. Request and limit are the same: memory can't be taken back.
func (p *plan) printK8s(out io.Writer) error {
	mib := (p.Predicted + bytesize.MiB - 1) / bytesize.MiB
	_, err := fmt.Fprintf(out, "# %s: %d units, the largest of %s\nresources:\n  requests:\n    memory: %dMi\n  limits:\n    memory: %dMi\n",
		p.Source, p.Units, bytesize.Format(p.Largest), mib, mib)
	return err
}
