package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/internal/bytesize"
)

const schemaSweep = "syncbench-sweep/v1"

// ladder is the same work under one limit after the other. Amounts are bytes.
type ladder struct {
	Schema       string            `json:"schema"`
	Source       string            `json:"source"`
	Wall         string            `json:"wall"` // what was behind the limits: cgroup, or rss where no cgroup can be made
	Unlimited    *result           `json:"unlimited"`
	Rungs        []*rung           `json:"rungs"`                // from the largest limit to the least
	Smallest     int64             `json:"smallest_limit_bytes"` // the least that held; 0 if none did
	Knee         int64             `json:"knee_limit_bytes"`     // the least at which the work was nearly as fast as without a limit; 0 if none was
	ControlBroke bool              `json:"control_broke"`        // the smallest limit, bounded by count: else that it held proves nothing
	Error        string            `json:"error,omitempty"`      // why it ended early; then what is here is what there was
	Baseline     *against          `json:"baseline,omitempty"`
	Env          map[string]string `json:"env"`

	times float64 // how far the unlimited peak must be above a limit that is proved
}

// rung is one limit.
type rung struct {
	Limit          int64    `json:"limit_bytes"`
	Verdict        string   `json:"verdict"` // the worst of the runs
	Error          string   `json:"error,omitempty"`
	PeakRSSAnon    *int64   `json:"peak_rss_anon_bytes"` // the most of the runs
	OOMKills       *int64   `json:"oom_kills"`           // of all runs
	UnitsPerSecond float64  `json:"units_per_second"`    // medians, as those below
	Seconds        float64  `json:"seconds"`
	MeanBatch      float64  `json:"mean_batch"`
	GateWait       float64  `json:"gate_wait_seconds"`
	GCCPU          float64  `json:"gc_cpu_ratio"`
	GCLimited      bool     `json:"gc_limited"`
	Control        *control `json:"control"` // null where it was not run
	Proved         bool     `json:"proved"`  // it held, and the control did not
	Why            string   `json:"not_proved_because,omitempty"`

	Runs  []figures             `json:"runs"` // each of them
	Kinds map[string]*kindSizes `json:"kinds,omitempty"`

	given bool // by --limits
}

// control is the same work bounded by count, which knows nothing of bytes.
type control struct {
	Depth       int    `json:"depth"`
	Verdict     string `json:"verdict"`
	PeakRSSAnon *int64 `json:"peak_rss_anon_bytes"`
	OOMKills    *int64 `json:"oom_kills"`
	Broke       bool   `json:"broke"`
}

const (
	// kneeSpeed is the part of the unlimited speed that counts as nearly as fast.
	kneeSpeed = 0.9
	// leastLimit is where a ladder ends that finds its limits itself: below it the program's own code decides.
	leastLimit = 16 * bytesize.MiB
	// precise is how close two limits are when it is not worth a run to find which between them is the least.
	precise = 1.1
)

func sweepCommand() *cobra.Command {
	b := new(bench)
	var limits string
	var times float64
	c := &cobra.Command{
		Use:   "sweep",
		Short: "Do the same work over a ladder of limits; find the smallest that holds and the knee of the speed",
		Long: `sweep does the same work without a limit, and then under one limit after the other, each run in a process of its own
and behind a real memory cgroup, with the kernel's OOM killer on. Beside each limit stands the control, the same work
bounded by 1000 units in each queue: only where that breaks the limit is it proved that the budget held it. Where no
cgroup can be made the verdicts rest on resident memory, and the result says so.

Without --limits the ladder begins at half of what the work takes without a limit and goes down by half until a limit
does not hold; between that and the last that did, the smallest is found to a tenth. The knee is the least limit at
which the work has 90 % of its speed without one.

A limit of --limits that is more than the work takes without one bounds nothing, and nothing is proved there; where all are,
the ladder goes on below as without --limits. A run that fails for another reason than memory ends the sweep, and what was
measured until then is printed.

Exit codes: 0 proved; 1 a run failed, or no limit held; 2 wrong usage; 3 one of --limits was broken; 5 the smallest limit,
or one of --limits, held and is not proved, mostly because the control kept to it, too: give more units; 130 interrupted,
with what there is printed.`,
		Example: `  sudo syncbench sweep
  sudo syncbench sweep --source deb:Packages.xz --json sweep.json
  sudo syncbench sweep --limits 256MiB,128MiB,64MiB --source synth:rpm-mixed,units=300000`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := parseLimits(limits)
			if err := errors.Join(err, b.check()); err != nil {
				return err
			}
			line := b.line("sweep", "--limits="+limits, fmt.Sprint("--times=", times))
			return inFolder(b.out, "", "sweep", line, func() error { return b.sweep(c.Context(), all, times) })
		},
	}
	b.registerWork(c)
	c.Flags().StringVar(&limits, "limits", "", "the `amounts` to try, such as 256MiB,64MiB (default: found from what the work takes without a limit)")
	c.Flags().IntVar(&b.runs, "runs", 1, "`number` of runs under each limit; it held if all did")
	c.Flags().Float64Var(&times, "times", 1, "the work must take this `factor` of a limit without one, or nothing is proved")
	b.registerOutput(c)
	return c
}

// parseLimits reads --limits, the largest first.
func parseLimits(text string) (all []int64, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := bytesize.Parse(part)
		if err == nil && n == 0 {
			err = errNoMemory
		}
		if err != nil {
			return nil, fmt.Errorf("--limits: %w", err)
		}
		all = append(all, n)
	}
	slices.Sort(all)
	slices.Reverse(all)
	return slices.Compact(all), nil
}

// sweep climbs down and prints what came of it. What there is when it is interrupted is printed, too.
func (b *bench) sweep(ctx context.Context, limits []int64, times float64) error {
	out, err := openOutput(b.json, b.out)
	if err != nil {
		return failed(err)
	}
	l := &ladder{Schema: schemaSweep, Source: b.o.sourceName(), Wall: "cgroup", Env: environment(), times: times}
	if err := b.o.before.fits(l); err != nil {
		return err
	}
	b.kept = func() error { l.sum(); return out.keep(l) }
	ended := b.climb(ctx, l, limits)
	if ended != nil {
		l.Error = oneLine(ended)
	}
	l.sum()
	if l.Unlimited == nil {
		return ended // there is nothing to show
	}
	if l.Baseline, err = b.o.before.compare(l); err != nil && ended == nil {
		ended = failed(err)
	}
	if err := out.emit(l, l.print); err != nil {
		return err
	}
	return cmp.Or(ended, l.verdict(len(limits) > 0), l.Baseline.err())
}

// climb does the runs.
func (b *bench) climb(ctx context.Context, l *ladder, limits []int64) error {
	free, err := b.run(ctx, "unlimited", "--mode="+modeNone)
	if err != nil {
		return err
	}
	if free.Verdict == verdictFailed {
		return failed(errors.New(oneLine(errors.New(free.Error))))
	}
	b.say("without a limit", free)
	l.Unlimited = free
	if err := b.keep(); err != nil {
		return err
	}
	if len(limits) > 0 {
		for _, limit := range limits {
			s, err := b.step(ctx, l, limit, limit < free.peak())
			if err != nil {
				return err
			}
			s.given = true
		}
		if limits[len(limits)-1] < free.peak() {
			return nil
		}
	}
	return b.descend(ctx, l) // none was given, or none that bounds anything
}

// descend finds the ladder itself.
func (b *bench) descend(ctx context.Context, l *ladder) error {
	holds, not := l.Unlimited.peak(), int64(0)
	try := func(limit int64, controlled bool) error {
		s, err := b.step(ctx, l, limit, controlled)
		if err == nil && s.Verdict == verdictHeld {
			holds = limit
		} else {
			not = limit
		}
		return err
	}
	for limit := round(holds / 2); limit >= leastLimit && not == 0; limit = round(limit / 2) {
		if err := try(limit, true); err != nil {
			return err
		}
	}
	for not > 0 && float64(holds) > precise*float64(not) {
		limit := round(int64(math.Sqrt(float64(holds) * float64(not))))
		if limit <= not || limit >= holds {
			break
		}
		if err := try(limit, false); err != nil {
			return err
		}
	}
	if i := slices.IndexFunc(l.Rungs, func(s *rung) bool { return s.Limit == holds && s.Control == nil }); i >= 0 {
		return b.control(ctx, l, l.Rungs[i])
	}
	return nil
}

// round makes a limit one that a person would write: whole MiB, of two digits where there are more.
func round(n int64) int64 {
	mib := n / bytesize.MiB
	step := int64(1)
	for mib/step >= 100 {
		step *= 10
	}
	return mib / step * step * bytesize.MiB
}

// step does the runs under one limit, and the control if that is asked for and the limit held.
func (b *bench) step(ctx context.Context, l *ladder, limit int64, controlled bool) (*rung, error) {
	s := &rung{Limit: limit, Verdict: verdictHeld}
	var all []figures
	var bad error // that another limit would not help
	for range b.runs {
		r, err := b.behind(ctx, l, limit)
		if err != nil {
			return nil, err
		}
		b.say(bytesize.Format(limit), r)
		s.add(r)
		if r.Verdict != verdictFailed {
			all, s.Kinds = append(all, figuresOf(r)), r.Kinds
		}
		if r.Verdict == verdictFailed && !r.ForMemory {
			bad = failed(fmt.Errorf("%s: the run failed, and not for want of memory: %s", bytesize.Format(limit), oneLine(errors.New(r.Error))))
		}
		if r.Verdict != verdictHeld {
			break // it does not hold, whatever another run does
		}
	}
	m := each(all, median)
	s.Runs = all
	s.UnitsPerSecond, s.Seconds, s.MeanBatch, s.GateWait, s.GCCPU = m.UnitsPerSecond, m.Seconds, m.MeanBatch, m.GateWait, m.GCCPU
	l.Rungs = append(l.Rungs, s)
	if err := cmp.Or(bad, b.keep()); err != nil {
		return nil, err
	}
	if controlled && s.Verdict == verdictHeld {
		return s, b.control(ctx, l, s)
	}
	return s, nil
}

// behind runs the work behind a cgroup of that size, or, where none can be made, watched alone.
func (b *bench) behind(ctx context.Context, l *ladder, limit int64, args ...string) (*result, error) {
	name := strings.ReplaceAll(bytesize.Format(limit), " ", "")
	if slices.Contains(args, "--mode="+modeCount) {
		name += "-control"
	}
	args = append(args, fmt.Sprintf("--limit=%dB", limit))
	if l.Wall == "cgroup" {
		r, err := b.run(ctx, name, append(args, "--cgroup")...)
		if !errors.Is(err, errNoWall) {
			return r, err
		}
		l.Wall = "rss"
		fmt.Fprintln(os.Stderr, "no memory cgroup can be made here: the verdicts rest on resident memory; run as root, or in a delegated subtree")
	}
	return b.run(ctx, name, args...)
}

// control runs the control under a limit.
func (b *bench) control(ctx context.Context, l *ladder, s *rung) error {
	const depth = 1000
	r, err := b.behind(ctx, l, s.Limit, "--mode="+modeCount, fmt.Sprint("--depth=", depth))
	if err != nil {
		return err
	}
	b.say(bytesize.Format(s.Limit)+", the control", r)
	s.Control = &control{depth, r.Verdict, r.PeakRSSAnon, r.OOMKills, r.broke(s.Limit)}
	if r.Verdict == verdictFailed && !s.Control.Broke {
		return failed(fmt.Errorf("%s, the control: the run failed: %s", bytesize.Format(s.Limit), oneLine(errors.New(r.Error))))
	}
	return b.keep()
}

// failed reports whether the control said nothing about the limit.
func (c *control) failed() bool { return c.Verdict == verdictFailed && !c.Broke }

// broke reports whether a run was killed or went past the limit, whatever else became of it.
func (r *result) broke(limit int64) bool {
	return r.OOMKills != nil && *r.OOMKills > 0 || r.Verdict == verdictBroken || r.PeakRSSAnon != nil && *r.PeakRSSAnon > limit
}

// add takes a run.
func (s *rung) add(r *result) {
	if r.Verdict != verdictHeld {
		s.Verdict, s.Error = r.Verdict, r.Error
	}
	if p := r.PeakRSSAnon; p != nil && (s.PeakRSSAnon == nil || *p > *s.PeakRSSAnon) {
		s.PeakRSSAnon = p
	}
	if k := r.OOMKills; k != nil {
		sum := *k
		if s.OOMKills != nil {
			sum += *s.OOMKills
		}
		s.OOMKills = &sum
	}
	s.GCLimited = s.GCLimited || r.GCLimited
}

// sum finds what the rungs say together.
func (l *ladder) sum() {
	slices.SortFunc(l.Rungs, func(a, b *rung) int { return int(b.Limit>>10) - int(a.Limit>>10) })
	for _, s := range l.Rungs {
		s.Why = s.doubt(l)
		s.Proved = s.Why == ""
		if s.Verdict != verdictHeld {
			continue
		}
		l.Smallest, l.ControlBroke = s.Limit, s.Control != nil && s.Control.Broke
		if s.UnitsPerSecond >= kneeSpeed*l.Unlimited.UnitsPerSecond && s.Limit < l.Unlimited.peak() {
			l.Knee = s.Limit
		}
	}
}

// doubt is why a limit is not proved; "" if it is.
func (s *rung) doubt(l *ladder) string {
	switch {
	case s.Verdict == verdictBroken:
		return "it was broken"
	case s.Verdict != verdictHeld:
		return "the run failed: " + firstLine(s.Error)
	case s.GCLimited:
		return "the collector gave up on the Go memory limit for a while"
	case s.Limit >= l.Unlimited.peak():
		return fmt.Sprintf("the work takes %s without any limit, so that this one bounds nothing", bytesize.Format(l.Unlimited.peak()))
	case float64(l.Unlimited.peak()) < l.times*float64(s.Limit):
		return fmt.Sprintf("without a limit the work takes less than %g times as much", l.times)
	case s.Control == nil:
		return "no control was run"
	case s.Control.failed():
		return "the control failed"
	case !s.Control.Broke:
		return "the control kept to it, too"
	}
	return ""
}

// verdict is what the exit code says: of all limits that were given; of a ladder that found its limits itself, of the
// smallest that held, for it goes down until one does not. Of several the worst is told.
func (l *ladder) verdict(given bool) error {
	if len(l.Rungs) == 0 {
		return &codedError{exitUnproved, fmt.Errorf("the work takes %s without a limit, too little for a ladder that ends at %s: give more units, or --limits", bytesize.Format(l.Unlimited.peak()), bytesize.Format(leastLimit))}
	}
	if !given && l.Smallest == 0 {
		return failed(errors.New("no limit held"))
	}
	var worst error
	for _, s := range l.Rungs {
		if given && !s.given || !given && s.Limit != l.Smallest {
			continue
		}
		if err := s.err(l); err != nil && (worst == nil || badness(err) > badness(worst)) {
			worst = err
		}
	}
	return worst
}

// err is why a limit is not proved, with its exit code.
func (s *rung) err(l *ladder) error {
	limit := bytesize.Format(s.Limit)
	switch {
	case s.Verdict == verdictBroken:
		return &codedError{exitBroken, fmt.Errorf("the limit of %s was broken", limit)}
	case s.Verdict != verdictHeld:
		return failed(fmt.Errorf("%s: %s", limit, oneLine(errors.New(s.Error))))
	case s.Proved:
		return nil
	}
	below := ""
	if s.Limit >= l.Unlimited.peak() && l.Smallest > 0 && l.Smallest < s.Limit {
		below = "; the smallest that holds is " + bytesize.Format(l.Smallest)
	}
	return &codedError{exitUnproved, fmt.Errorf("%s held and is not proved: %s%s", limit, s.Why, below)}
}

// badness orders exit codes: a limit that was broken is worse than a run that failed, and that than one that proves nothing.
func badness(err error) int {
	return slices.Index([]int{exitUnproved, exitFailed, exitBroken}, codeOf(err))
}

// holds is the word for the smallest limit: of a ladder that ended early nobody knows whether a smaller one would.
func (l *ladder) holds() string {
	if l.Error != "" {
		return "held so far"
	}
	return "holds"
}

// print shows the ladder to a person.
func (l *ladder) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	u := l.Unlimited
	wall := "memory cgroups, with the kernel's OOM killer on"
	if l.Wall != "cgroup" {
		wall = "none could be built: the verdicts rest on resident memory"
	}
	fmt.Fprintf(w, "source\t%s\nwalls\t%s\nunlimited\t%s, %.0f units/s\n\n", l.Source, wall, bytesize.Format(u.peak()), u.UnitsPerSecond)
	fmt.Fprintln(w, "limit\tunlimited is\tverdict\tpeak RssAnon\tkills\tunits/s\tof unlimited\tmean batch\tgate waits\tGC\tcontrol\tproved")
	for _, s := range l.Rungs {
		fmt.Fprintf(w, "%s\t%.1f times it\t%s\t%s\t%s\t%.0f\t%.2f\t%.1f\t%.1f s\t%.0f %%\t%s\t%s\n", bytesize.Format(s.Limit),
			float64(u.peak())/float64(s.Limit), s.Verdict, amountOr(s.PeakRSSAnon, "?"), countOr(s.OOMKills), s.UnitsPerSecond,
			s.UnitsPerSecond/max(u.UnitsPerSecond, 1e-9), s.MeanBatch, s.GateWait, 100*s.GCCPU, s.Control.words(), s.provedWords())
	}
	fmt.Fprintln(w)
	if l.Smallest > 0 {
		fmt.Fprintf(w, "smallest that %s\t%s\n", l.holds(), bytesize.Format(l.Smallest))
	}
	if l.Knee > 0 {
		fmt.Fprintf(w, "knee: %.0f %% of the speed\t%s\n", 100*kneeSpeed, bytesize.Format(l.Knee))
	}
	return errors.Join(w.Flush(), l.Baseline.print(out))
}
