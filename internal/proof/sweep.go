package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// times is how far the unlimited peak must be above a limit: work that hardly needs more proves little.
const times = 10

// step is one limit of the sweep: the same work bounded by bytes, and by count as the control.
type step struct {
	limit, unlimited int64 // bytes
	held, control    outcome
}

// sweep proves the limits, each behind a cgroup of its size.
func sweep(r runner, limits []int64) error {
	if _, err := (runner{r.bin, "synth:file-flat,units=10"}).run("--cgroup", "--limit=512MiB"); err != nil {
		return err // before the long run: no cgroup, or no program
	}
	free, err := r.run("--mode=none")
	if err != nil {
		return err
	}
	if free.Anon == nil {
		return errNotProved // no Linux
	}
	fmt.Printf("%s\nwithout a limit: %s RssAnon at the peak, %.1f s\n\n", r.source, bytesize.Format(*free.Anon), free.Seconds)
	fmt.Printf(sweepRow, "limit", "unlimited", "RssAnon", "kills", "limit met", "GC limiter", "seconds", "count 1000", "proved")
	var faults []error
	for _, limit := range limits {
		s := step{limit: limit, unlimited: *free.Anon}
		if err := s.run(r); err != nil {
			return err
		}
		s.print(os.Stdout)
		for _, f := range s.faults() {
			faults = append(faults, fmt.Errorf("%s: %s", bytesize.Format(limit), f))
		}
	}
	return errors.Join(faults...)
}

func (s *step) run(r runner) (err error) {
	limit := fmt.Sprintf("--limit=%dB", s.limit)
	if s.held, err = r.run("--cgroup", limit); err != nil {
		return err
	}
	s.control, err = r.run("--cgroup", limit, "--mode=count", "--depth=1000")
	return err
}

// faults are the reasons why the step proves nothing, or the opposite.
func (s *step) faults() (all []string) {
	h := s.held
	for _, c := range []struct {
		bad  bool
		text string
	}{
		{s.unlimited < times*s.limit, fmt.Sprintf("without a limit the work needs less than %d times of it: give more units", times)},
		{h.Verdict != "held", "the run is " + h.Verdict + ": " + h.Error},
		{h.Kills == nil || *h.Kills > 0, "the kernel killed, or did not tell"},
		{h.Anon == nil || *h.Anon > s.limit, "RssAnon went past the limit, or is not known"},
		{h.Limiter > 0, fmt.Sprintf("the collector gave up on the limit in cycle %d", h.Limiter)},
		{!s.control.broke(s.limit), "bounded by count the same work keeps the limit, too: the pass proves nothing"},
	} {
		if c.bad {
			all = append(all, c.text)
		}
	}
	return all
}

// broke tells whether a run was killed or went past the limit.
func (o outcome) broke(limit int64) bool {
	return o.Kills != nil && *o.Kills > 0 || o.Anon != nil && *o.Anon > limit
}

// fate says in a word or two how a control ended.
func (o outcome) fate(limit int64) string {
	switch {
	case o.Kills != nil && *o.Kills > 0:
		return "killed"
	case o.broke(limit):
		return "broke it: " + amount(o.Anon)
	}
	return o.Verdict + ": " + amount(o.Anon)
}

// sweepRow is a row of the table: fixed widths, since rows are shown as they come, minutes apart.
const sweepRow = "%-10s %9s  %10s  %5s  %9s  %10s  %7s  %-20s %s\n"

func (s *step) print(w io.Writer) {
	proved := "yes"
	if f := s.faults(); len(f) > 0 {
		proved = "NO: " + strings.Join(f, "; ")
	}
	fmt.Fprintf(w, sweepRow, bytesize.Format(s.limit), fmt.Sprintf("%.1fx", float64(s.unlimited)/float64(s.limit)),
		amount(s.held.Anon), count(s.held.Kills), count(s.held.Failcnt), fmt.Sprint(s.held.Limiter),
		fmt.Sprintf("%.1f", s.held.Seconds), s.control.fate(s.limit), proved)
}

// amount and count print what may be unknown.
func amount(n *int64) string {
	if n == nil {
		return "?"
	}
	return bytesize.Format(*n)
}

func count(n *int64) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}
