package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// against is how a result stands to an earlier one of the same work.
type against struct {
	File      string        `json:"file"`
	Regressed bool          `json:"regressed"`
	Note      string        `json:"note,omitempty"` // what was not compared, and why
	Rows      []baselineRow `json:"rows"`
}

// baselineRow is one figure then and now.
type baselineRow struct {
	Of     string  `json:"of"` // a mode, a limit, a kind of units, or "run"
	Figure string  `json:"figure"`
	Before float64 `json:"before"` // medians
	Now    float64 `json:"now"`
	Ratio  float64 `json:"ratio"`
	Worse  bool    `json:"worse"` // beyond the noise
}

// measured are the runs of one kind in a result, and what its units weighed.
type measured struct {
	of   string
	runs []figures
}

// judged are the figures that a regression shows in. Noise is by how much the medians may differ though nothing changed:
// of one run each, of three, and of five or more. A difference counts only if, besides, every run now is worse than
// every run then: by chance that happens to five and five once in 252 times. Of fewer there must be a gap, too, of half of
// what the runs of one side differ by.
var judged = []struct {
	name  string
	of    func(figures) float64
	upIs  bool // worse
	speed bool // depends on the machine
	noise [3]float64
}{
	{figurePeak, func(f figures) float64 { return f.PeakRSSAnon }, true, false, [3]float64{1.30, 1.15, 1.10}},
	{"units/s", func(f figures) float64 { return f.UnitsPerSecond }, false, true, [3]float64{2.00, 1.25, 1.10}},
	{"mean batch", func(f figures) float64 { return f.MeanBatch }, false, false, [3]float64{1.50, 1.25, 1.15}},
}

// The figures that are bytes.
const (
	figurePeak  = "peak"
	figureUnit  = "bytes a unit"
	figureLimit = "smallest limit"
)

// shortest is how many seconds a run must take to be called slow. A run of a tenth of a second was 2.6 times as long as the
// one before it on a busy machine, of nothing but starting up.
const shortest = 2

// heavier is from where on units of the same source weigh more: their sizes are no matter of chance.
const heavier = 1.01

// baseline is what --baseline names.
type baseline struct {
	file string
	of   finding
}

const baselineUsage = "compare the result with this `file` of an earlier --json, or folder of --out, and exit with 4 where it is worse beyond the noise of the runs"

// checkBaseline reads it before anything is done: a run must not be in vain.
func (o *options) checkBaseline() (err error) {
	o.before, err = readBaseline(o.baseline)
	return err
}

// readBaseline reads a result of an earlier run, by the file of --json or the folder of --out.
func readBaseline(path string) (*baseline, error) {
	if path == "" {
		return nil, nil
	}
	e, err := readEvidence(path)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	if e.finding == nil {
		return nil, fmt.Errorf("--baseline: %s has no result", path)
	}
	return &baseline{path, e.finding}, nil
}

// compare compares a result with the baseline, or says why they can't be. Of nil there is nothing to compare.
func (b *baseline) compare(now finding) (*against, error) {
	if b == nil {
		return nil, nil
	}
	if err := b.fits(now); err != nil {
		return nil, err
	}
	a := &against{File: b.file, Rows: []baselineRow{}}
	if what := otherMachine(b.of.about().env, now.about().env); what != "" {
		a.Note = "speed is not compared: the baseline is of another " + what
	}
	before := map[string][]figures{}
	for _, m := range b.of.measured() {
		before[m.of] = m.runs
	}
	for _, m := range now.measured() {
		if then := before[m.of]; len(then) > 0 && len(m.runs) > 0 {
			a.addRuns(m.of, then, m.runs)
		}
	}
	kinds := b.of.kinds()
	for _, kind := range slices.Sorted(maps.Keys(now.kinds())) {
		if then := kinds[kind]; then != nil && then.Units > 0 {
			row := baselineRow{Of: kind, Figure: figureUnit, Before: then.mean(), Now: now.kinds()[kind].mean()}
			row.Worse = row.Now > heavier*row.Before
			a.add(row)
		}
	}
	then, _ := b.of.(*ladder)
	if is, _ := now.(*ladder); then != nil && is != nil && then.Smallest > 0 {
		row := baselineRow{Of: "sweep", Figure: figureLimit, Before: float64(then.Smallest), Now: float64(is.Smallest)}
		row.Worse = is.Smallest == 0 || row.Now > precise*precise*row.Before // each is found to a tenth
		a.add(row)
	}
	if len(a.Rows) == 0 {
		return nil, fmt.Errorf("--baseline: %s has no run that can be compared with one of these", b.file)
	}
	return a, nil
}

// fits says what else differs than the program, which is known before anything is done.
func (b *baseline) fits(now finding) error {
	if b == nil {
		return nil
	}
	if a, c := b.of.about().source, now.about().source; a != c {
		return fmt.Errorf("--baseline: %s is of the source %s, not of %s", b.file, a, c)
	}
	a, _ := b.of.(*result)
	if c, _ := now.(*result); a != nil && c != nil && (a.Limit != c.Limit || a.Mode != c.Mode) {
		return fmt.Errorf("--baseline: %s is of mode %s and %s, not of mode %s and %s", b.file, a.Mode, bytesize.Format(a.Limit), c.Mode, bytesize.Format(c.Limit))
	}
	if reflect.TypeOf(b.of) != reflect.TypeOf(now) {
		return fmt.Errorf("--baseline: %s is a result of another command", b.file)
	}
	return nil
}

// addRuns compares all figures of runs of one kind.
func (a *against) addRuns(of string, before, now []figures) {
	for _, j := range judged {
		row := baselineRow{Of: of, Figure: j.name}
		then, is := valuesOf(before, j.of), valuesOf(now, j.of)
		row.Before, row.Now = median(then), median(is)
		row.Worse = worse(then, is, j.upIs, j.noise) && (!j.speed || a.Note == "" && longEnough(now))
		if row.Before > 0 {
			a.add(row)
		}
	}
}

// longEnough reports whether runs took so long that their speed says something.
func longEnough(runs []figures) bool {
	return median(valuesOf(runs, func(f figures) float64 { return f.Seconds })) >= shortest
}

// worse reports whether what is measured now is worse beyond the noise.
func worse(before, now []float64, upIs bool, noise [3]float64) bool {
	allowed, gap := noise[0], max(most(before)-least(before), most(now)-least(now))/2
	switch n := min(len(before), len(now)); {
	case n >= 5:
		allowed, gap = noise[2], 0
	case n >= 3:
		allowed = noise[1]
	}
	if upIs {
		before, now = now, before
	}
	return median(before) > allowed*median(now) && least(before) > most(now)+gap
}

func (a *against) add(r baselineRow) {
	r.Ratio = r.Now / max(r.Before, 1e-9)
	a.Rows = append(a.Rows, r)
	a.Regressed = a.Regressed || r.Worse
}

// err is the exit code of a regression.
func (a *against) err() error {
	if a == nil || !a.Regressed {
		return nil
	}
	var all []string
	for _, r := range a.Rows {
		if r.Worse {
			all = append(all, fmt.Sprintf("%s: %s is %.2f times %s", r.Of, r.Figure, r.Ratio, r.amount(r.Before)))
		}
	}
	return &codedError{exitRegressed, errors.New("worse than " + a.File + ": " + strings.Join(all, "; "))}
}

// amount writes a figure of the row.
func (r baselineRow) amount(v float64) string {
	switch r.Figure {
	case figurePeak, figureUnit, figureLimit:
		return bytesize.Format(int64(v))
	}
	return fmt.Sprintf("%.0f", v)
}

// verdict is a word on the row.
func (r baselineRow) verdict() string {
	if r.Worse {
		return "worse"
	}
	return "same, or better"
}

// print shows the comparison to a person.
func (a *against) print(out io.Writer) error {
	if a == nil {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nbaseline\t%s\n", a.File)
	if a.Note != "" {
		fmt.Fprintf(w, "note\t%s\n", a.Note)
	}
	fmt.Fprintln(w, "of\tfigure\tbefore\tnow\tratio\t")
	for _, r := range a.Rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%s\n", r.Of, r.Figure, r.amount(r.Before), r.amount(r.Now), r.Ratio, r.verdict())
	}
	return w.Flush()
}

// otherMachine is what differs of two machines that speed depends on; "" if nothing known does.
func otherMachine(a, b map[string]string) string {
	for _, k := range []string{"cpu", "gomaxprocs", "os", "arch"} {
		if a[k] != b[k] {
			return fmt.Sprintf("%s: %s, not %s", k, a[k], b[k])
		}
	}
	return ""
}

// valuesOf are the values of one figure.
func valuesOf(all []figures, get func(figures) float64) []float64 {
	values := make([]float64, len(all))
	for i, f := range all {
		values[i] = get(f)
	}
	return values
}
