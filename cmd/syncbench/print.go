package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// print shows the result to a person, the verdict last.
func (r *result) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("source", "%s", r.Source)
	row("mode", "%s", r.Mode)
	row("units", "%d (%d known, %d saved) in %.2f s, %.0f/s", r.Units, r.Known, r.Saved, r.Seconds, r.UnitsPerSecond)
	r.Whole.print(row)
	for _, b := range r.Beside {
		row("beside", "%s", b)
	}
	row("limit", "%s", limitWords(r.Limits))
	row("peak", "%s", r.peaks())
	if r.WaitedSome != nil && *r.WaitedSome >= 0.01 {
		row("pressure", "for %.2f s some task in the cgroup waited for memory, for %.2f s all of them did (PSI)", *r.WaitedSome, *r.WaitedFull)
	}
	if r.AccountedPeak > 0 {
		row("accounted", "%s at most, of a content budget of %s then, and of %s at the end", bytesize.Format(r.AccountedPeak), bytesize.Format(r.ContentAtPeak), bytesize.Format(r.Content))
		row("gate", "%d waits, %.2f s together", r.GateWaits, r.GateWait)
	}
	for _, stage := range r.stageNames() {
		if b := r.Stages[stage]; b != (batches{}) { // else it takes one unit after the other, or took none
			row("batches", "%s: %s", stage, b)
		}
	}
	if r.GCLimited {
		row("warning", "the collector gave up on the Go memory limit for a while: it was held by thrashing, if at all")
	}
	if r.Note != "" {
		row("note", "%s", r.Note)
	}
	row("verdict", "%s", r.words())
	return errors.Join(w.Flush(), r.Baseline.print(out))
}

// peaks lists the peaks this system can tell.
func (r *result) peaks() string {
	f := bytesize.Format
	var all []string
	if r.PeakRSSAnon != nil {
		all = append(all, f(*r.PeakRSSAnon)+" RssAnon", f(*r.PeakRSSFile)+" RssFile")
	}
	if r.PeakSwap != nil && *r.PeakSwap > 0 {
		all = append(all, f(*r.PeakSwap)+" swapped out")
	}
	all = append(all, f(r.PeakGo)+" Go")
	if r.PeakCgroup != nil {
		all = append(all, f(*r.PeakCgroup)+" cgroup (page cache included)")
	}
	if r.OOMKills != nil {
		all = append(all, fmt.Sprintf("oom_kill %d", *r.OOMKills))
	}
	return strings.Join(all, ", ")
}

func (b batches) String() string {
	return fmt.Sprintf("mean %.1f units; released by size %d, bytes %d, pressure %d, end %d, awaited %d",
		b.Mean, b.Size, b.Bytes, b.Pressure, b.End, b.Awaited)
}

// words is the verdict with how far it is from the other one.
func (r *result) words() string {
	by, limit := bytesize.Format(max(r.over(), -r.over())), "the limit"
	if r.Closest != nil && len(r.Limits) > 1 {
		limit = "the limit of " + bytesize.Format(r.Closest.Limit) + " then in force"
	}
	switch {
	case r.interrupted:
		return "FAILED: interrupted"
	case r.Verdict == verdictFailed && r.over() > 0:
		return "FAILED, and " + by + " over " + limit
	case r.Verdict == verdictFailed:
		return "FAILED"
	case r.over() > 0:
		return "BROKEN: " + by + " over " + limit
	case r.Verdict == verdictBroken:
		return "BROKEN: the kernel killed for want of memory in the cgroup"
	}
	return "HELD: " + by + " under " + limit
}

// message is what is said on stderr about a run that did not get to its end, "" of one that did.
func (r *result) message() string {
	done := fmt.Sprintf("units read: %d, saved for good: %d", r.Units, r.Saved)
	for _, b := range r.Beside {
		done += fmt.Sprintf("; beside %s: %d, %d", b.Source, b.Units, b.Saved)
	}
	switch {
	case r.err == nil:
		return ""
	case r.interrupted:
		return "interrupted: " + done
	case !r.ran:
		return oneLine(r.err)
	}
	return fmt.Sprintf("%s (%s)", oneLine(r.err), done)
}
