package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
)

// The verdicts.
const (
	verdictHeld   = "held"
	verdictBroken = "broken"
	verdictFailed = "failed"
)

// schema names the layout of result as JSON. Keys are added under the same name; a changed meaning changes it.
const schema = "syncbench/v1"

// result is a run in figures. Amounts are bytes; absent is what this system can't tell.
type result struct {
	Schema         string             `json:"schema"`
	Verdict        string             `json:"verdict"`
	Error          string             `json:"error,omitempty"`
	Source         string             `json:"source"`
	Mode           string             `json:"mode"`
	Units          int64              `json:"units"`
	Known          int64              `json:"known"`
	Saved          int64              `json:"saved"`
	Seconds        float64            `json:"seconds"`
	UnitsPerSecond float64            `json:"units_per_second"`
	Limit          int64              `json:"limit_bytes"`
	PeakRSSAnon    *int64             `json:"peak_rss_anon_bytes,omitempty"`
	PeakRSSFile    *int64             `json:"peak_rss_file_bytes,omitempty"`
	PeakCgroup     *int64             `json:"peak_cgroup_bytes,omitempty"`
	OOMKills       *int64             `json:"oom_kills,omitempty"`
	Content        int64              `json:"content_budget_bytes,omitempty"`
	AccountedPeak  int64              `json:"accounted_peak_bytes"`
	GateWaits      int64              `json:"gate_waits"`
	GateWait       float64            `json:"gate_wait_seconds"`
	Batches        batches            `json:"batches"`
	MeanBatch      float64            `json:"mean_batch"`
	Stages         map[string]batches `json:"stage_batches"`
	GCLimited      bool               `json:"gc_limited"`
	Env            map[string]string  `json:"env"`

	err  error
	note string // what could not be measured here
}

// batches are counts by cause, and the mean size in units.
type batches struct {
	Size     int64   `json:"size"`
	Bytes    int64   `json:"bytes"`
	Pressure int64   `json:"pressure"`
	End      int64   `json:"end"`
	Awaited  int64   `json:"awaited"`
	Mean     float64 `json:"mean"`
}

func newBatches(s memacct.BatchStats) batches {
	return batches{Size: s.Size, Bytes: s.Bytes, Pressure: s.Pressure, End: s.End, Awaited: s.Awaited, Mean: s.Mean()}
}

// newResult judges a run.
func newResult(w *work, rep *pipeline.Report, peak procmem.Peak, err error) *result {
	r := &result{
		Schema: schema, Source: w.src.name, Mode: w.o.mode, Limit: w.o.limitN, err: err,
		Units: rep.Units, Known: w.known.Count(), Saved: w.saved.Units(), Seconds: rep.Elapsed.Seconds(),
		GCLimited: procmem.ReadGo().Limiter > 0, Env: environment(),
	}
	r.UnitsPerSecond = float64(r.Units) / max(r.Seconds, 1e-9)
	a := w.account.Stats()
	r.Content, r.AccountedPeak = a.Limit, a.Peak
	r.addQueues(rep.Queues)
	r.addMemory(peak)
	r.judge()
	return r
}

// addQueues sums the queues' counts up. The queue that a stage takes from is named after the stage before it.
func (r *result) addQueues(queues []memacct.QueueStats) {
	takers := []string{"query", "save"}
	r.Stages = map[string]batches{}
	var all memacct.BatchStats
	for i, q := range queues {
		all = all.Add(q.Batches)
		r.Stages[takers[i]] = newBatches(q.Batches)
	}
	r.Batches, r.MeanBatch = newBatches(all), all.Mean()
	if len(queues) > 0 {
		r.GateWaits, r.GateWait = queues[0].Waits, queues[0].Waited.Seconds()
	}
}

// addMemory notes what the kernel says of the process and its cgroup.
func (r *result) addMemory(peak procmem.Peak) {
	if peak.Err != nil {
		r.note = "resident memory can't be read here (" + peak.Err.Error() + "): the verdict rests on the Go runtime's own figure"
		bounded := procmem.ReadGo().Bounded
		r.PeakRSSAnon = &bounded
		return
	}
	r.PeakRSSAnon, r.PeakRSSFile = &peak.RSSAnon, &peak.RSSFile
	group, err := procmem.OwnCgroup()
	if err != nil {
		return
	}
	defer group.Close()
	if limit, err := group.Limit(); err != nil || limit == procmem.NoLimit {
		return // a group without a limit says nothing about this process alone
	}
	if n, err := group.Peak(); err == nil {
		r.PeakCgroup = &n
	}
	if n, err := group.OOMKills(); err == nil {
		r.OOMKills = &n
	}
}

func (r *result) judge() {
	switch {
	case r.PeakRSSAnon != nil && *r.PeakRSSAnon > r.Limit, r.OOMKills != nil && *r.OOMKills > 0:
		r.Verdict = verdictBroken
	case r.err != nil:
		r.Verdict = verdictFailed
	default:
		r.Verdict = verdictHeld
	}
	if r.err != nil {
		r.Error = r.err.Error()
	}
}

// deliver prints the result where it was asked for and returns the exit code as an error.
func (r *result) deliver(ctx context.Context, o *options) error {
	if err := r.write(o.json); err != nil {
		return &codedError{exitFailed, err}
	}
	switch {
	case ctx.Err() != nil:
		return &codedError{exitInterrupted, fmt.Errorf("interrupted: %d units read, %d saved for good", r.Units, r.Saved)}
	case r.err != nil:
		return &codedError{exitFailed, fmt.Errorf("%s (%d units read, %d saved for good)", firstLine(r.err), r.Units, r.Saved)}
	case r.Verdict == verdictBroken:
		return &codedError{exitBroken, errSaid}
	}
	return nil
}

// firstLine is an error without the stack that a panic in a stage brings along.
func firstLine(err error) string {
	var budget *memacct.BudgetError
	if errors.As(err, &budget) {
		return err.Error()
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// write puts the result to stdout, and as JSON where to says.
func (r *result) write(to string) error {
	if to == "-" {
		return r.encode(os.Stdout)
	}
	r.print(os.Stdout)
	if to == "" {
		return nil
	}
	return r.save(to)
}

// save writes the result as JSON to a file.
func (r *result) save(to string) error {
	f, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("--json: %w", err)
	}
	defer f.Close()
	if err := r.encode(f); err != nil {
		return fmt.Errorf("--json: %w", err)
	}
	return f.Close()
}

func (r *result) encode(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// print shows the result to a person, the verdict last.
func (r *result) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("source", "%s", r.Source)
	row("mode", "%s", r.Mode)
	row("units", "%d (%d known, %d saved) in %.2f s, %.0f/s", r.Units, r.Known, r.Saved, r.Seconds, r.UnitsPerSecond)
	row("limit", "%s", bytesize.Format(r.Limit))
	row("peak", "%s", r.peaks())
	if r.Content > 0 {
		row("accounted", "%s at most, of a content budget of %s", bytesize.Format(r.AccountedPeak), bytesize.Format(r.Content))
	}
	row("gate", "%d waits, %.2f s together", r.GateWaits, r.GateWait)
	for _, stage := range []string{"query", "save"} {
		row("batches", "%s: %s", stage, r.Stages[stage])
	}
	if r.GCLimited {
		row("warning", "the collector gave up on the Go memory limit for a while: it was held by thrashing, if at all")
	}
	if r.note != "" {
		row("note", "%s", r.note)
	}
	row("verdict", "%s", r.words())
}

// peaks lists the peaks this system can tell.
func (r *result) peaks() string {
	s := "unknown"
	if r.PeakRSSAnon != nil {
		s = bytesize.Format(*r.PeakRSSAnon) + " RssAnon"
	}
	if r.PeakRSSFile != nil {
		s += ", " + bytesize.Format(*r.PeakRSSFile) + " RssFile"
	}
	if r.PeakCgroup != nil {
		s += ", " + bytesize.Format(*r.PeakCgroup) + " cgroup (page cache included)"
	}
	if r.OOMKills != nil {
		s += fmt.Sprintf(", oom_kill %d", *r.OOMKills)
	}
	return s
}

func (b batches) String() string {
	return fmt.Sprintf("mean %.1f units; released by size %d, bytes %d, pressure %d, end %d, awaited %d",
		b.Mean, b.Size, b.Bytes, b.Pressure, b.End, b.Awaited)
}

func (r *result) words() string {
	s := strings.ToUpper(r.Verdict)
	if r.PeakRSSAnon == nil {
		return s
	}
	by := r.Limit - *r.PeakRSSAnon
	if r.Verdict == verdictBroken && by < 0 {
		return fmt.Sprintf("%s: %s over the limit", s, bytesize.Format(-by))
	}
	if r.Verdict == verdictHeld {
		return fmt.Sprintf("%s: %s under the limit", s, bytesize.Format(by))
	}
	return s
}

// environment is what a figure depends on beside the program.
func environment() map[string]string {
	env := map[string]string{
		"go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		"gomaxprocs": fmt.Sprint(runtime.GOMAXPROCS(0)), "gogc": os.Getenv("GOGC"),
		"gomemlimit": fmt.Sprint(debug.SetMemoryLimit(-1)),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				env["commit"] = s.Value
			}
		}
	}
	return env
}
