package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/syncmem/syncmem/cmd/syncbench/internal/plot"
	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/record"
)

// The sizes charts are drawn at, in pixels: of the page's card on a desk, its half, and on a phone.
const (
	wideChart, wideHeight     = 1180, 340
	halfChart, halfHeight     = 570, 300
	narrowChart, narrowHeight = 340, 240
	mostPoints                = 500 // of one line: what is more is thinned out, and the peaks stay
)

// drawn draws a chart for both screens.
func drawn(title, sub string, c *plot.Chart, whole bool) figure {
	c.Label = title
	f := figure{Title: title, Sub: sub, Whole: whole, Narrow: c.SVG(narrowChart, narrowHeight)}
	if f.Wide = c.SVG(halfChart, halfHeight); whole {
		f.Wide = c.SVG(wideChart, wideHeight)
	}
	for _, s := range c.Series {
		f.Legend = append(f.Legend, legend{s.Name, s.Class, s.Dashed, false})
	}
	if len(c.Bands) > 0 {
		f.Legend = append(f.Legend, legend{"gate closed", "", false, true})
	}
	if len(f.Legend) == 1 {
		f.Legend = nil
	}
	return f
}

// addRecord draws what a record has.
func (p *part) addRecord(r *record.Record, res *result) {
	if r == nil || len(r.Samples) == 0 {
		return
	}
	if res == nil || res.Verdict != verdictHeld {
		p.Ended = r.Summary()
	}
	p.Charts = append(p.Charts, overTime(r))
	if f, ok := againstTruth(r); ok {
		p.Charts = append(p.Charts, f)
	}
	p.Events = &table{Head: []string{"after", "event", "what"}, Words: true}
	for _, e := range r.Events {
		p.Events.Rows = append(p.Events.Rows, []string{fmt.Sprintf("%.1f s", max(0, e.At.Sub(r.Opened).Seconds())), string(e.Kind), firstLine(e.Text)})
	}
}

// overTime is the memory beside its limit.
func overTime(r *record.Record) figure {
	lines := []struct {
		name, class string
		dashed      bool
		of          func(record.Sample) int64
	}{
		{"limit", "s5", true, func(s record.Sample) int64 { return s.Process }},
		{"resident (RssAnon)", "s1", false, func(s record.Sample) int64 { return s.RSS }},
		{"Go heap and stacks", "s4", false, func(s record.Sample) int64 { return s.Go }},
		{"accounted", "s0", false, func(s record.Sample) int64 { return s.Used }},
		{"pinned", "s3", false, func(s record.Sample) int64 { return s.Pinned }},
	}
	c := &plot.Chart{X: plot.Axis{Name: "seconds since the run began", Unit: plot.Seconds}, Y: plot.Axis{Unit: plot.Bytes}, Bands: closed(r)}
	for _, l := range lines {
		s := plot.Series{Name: l.name, Class: l.class, Dashed: l.dashed}
		some := false
		for i, sample := range r.Samples {
			v := l.of(sample)
			some = some || v > 0
			s.X, s.Y = append(s.X, at(r, i)), append(s.Y, float64(v))
		}
		if s.X, s.Y = thinned(s.X, s.Y); some {
			c.Series = append(c.Series, s)
		}
	}
	sub := fmt.Sprintf("%d samples", len(r.Samples))
	if from := at(r, 0); from > 1 {
		sub += fmt.Sprintf("; the record has the end alone, from %.0f s on", from)
	}
	return drawn("Memory over time", sub, c, true)
}

// at is the second of a sample.
func at(r *record.Record, i int) float64 { return max(0, r.Samples[i].At.Sub(r.Opened).Seconds()) }

// thinned leaves the largest of so many neighbours, that a line has mostPoints.
func thinned(x, y []float64) (_, _ []float64) {
	n := (len(x) + mostPoints - 1) / mostPoints
	if n <= 1 {
		return x, y
	}
	var xs, ys []float64
	for from := 0; from < len(x); from += n {
		to := min(len(x), from+n)
		most := from
		for i := from; i < to; i++ {
			if y[i] > y[most] {
				most = i
			}
		}
		xs, ys = append(xs, x[most]), append(ys, y[most])
	}
	return xs, ys
}

// closed are the times when puts waited at a gate: a sample with a waiter, or one by which most of the time since the
// last had been waited.
func closed(r *record.Record) (all []plot.Band) {
	for i := 1; i < len(r.Samples); i++ {
		from, to := at(r, i-1), at(r, i)
		a, b := r.Samples[i-1], r.Samples[i]
		if b.Waiters == 0 && (waited(b)-waited(a)) < (to-from)/2 {
			continue
		}
		if n := len(all); n > 0 && all[n-1].To >= from {
			all[n-1].To = to
		} else {
			all = append(all, plot.Band{From: from, To: to})
		}
	}
	return all
}

// waited is how long puts have waited at gates so far, in seconds.
func waited(s record.Sample) (sum float64) {
	for _, q := range s.Stages {
		if q.Gate {
			sum += q.Waited.Seconds()
		}
	}
	return sum
}

// againstTruth is what was accounted against what a collection found alive. Only samples count between which a collection
// was and little moved: what lived is as old as that collection.
func againstTruth(r *record.Record) (f figure, ok bool) {
	s := plot.Series{Name: "a sample behind a collection", Class: "s0", Dots: true}
	for i := 1; i < len(r.Samples); i++ {
		a, b := r.Samples[i-1], r.Samples[i]
		before, after := a.Used+a.Waiting, b.Used+b.Waiting
		if b.Cycles == a.Cycles || after == 0 || max(before, after) > min(before, after)*5/4 {
			continue
		}
		x, y := float64(before+after)/2, float64(max(0, b.Live-b.Baseline))
		s.X, s.Y = append(s.X, x), append(s.Y, y)
		s.Titles = append(s.Titles, fmt.Sprintf("accounted %s, alive %s", bytesize.Format(int64(x)), bytesize.Format(int64(y))))
	}
	if len(s.X) < 3 {
		return f, false
	}
	c := &plot.Chart{X: plot.Axis{Name: "accounted", Unit: plot.Bytes}, Y: plot.Axis{Unit: plot.Bytes}, Diagonal: true, Series: []plot.Series{s}}
	return drawn("Estimate against truth", "what was accounted, and what a collection about then found alive beside the baseline; on the line both are the same", c, false), true
}

// addUnits draws what the units weighed.
func (p *part) addUnits(r *result) {
	if len(r.Sizes) == 0 {
		return
	}
	s := plot.Series{Name: "units at least as heavy", Class: "s0"}
	left := int64(0)
	for _, step := range r.Sizes {
		left += step.Units
	}
	var units, bytes int64
	for _, step := range r.Sizes {
		s.X, s.Y = append(s.X, float64(step.From)), append(s.Y, float64(left))
		left -= step.Units
	}
	c := &plot.Chart{X: plot.Axis{Name: "bytes of a unit", Unit: plot.Bytes, Log: true}, Y: plot.Axis{Log: true}, Series: []plot.Series{s}}
	p.Kinds = &table{Head: []string{"kind", "units", "bytes", "mean", "largest"}}
	for _, kind := range slices.Sorted(maps.Keys(r.Kinds)) {
		k := r.Kinds[kind]
		units, bytes = units+k.Units, bytes+k.Bytes
		p.Kinds.Rows = append(p.Kinds.Rows, []string{kind, fmt.Sprint(k.Units), bytesize.Format(k.Bytes), bytesize.Format(int64(k.mean())), bytesize.Format(k.Largest)})
	}
	sub := fmt.Sprintf("how many units weigh so much or more: %d units, %s each", units, bytesize.Format(bytes/max(units, 1)))
	p.Charts = append(p.Charts, drawn("Sizes of units", sub, c, false))
	p.Heaviest = &table{Head: []string{"bytes", "kind", "unit"}, Words: true}
	for _, h := range r.Heaviest {
		p.Heaviest.Rows = append(p.Heaviest.Rows, []string{bytesize.Format(h.Bytes), h.Kind, printable(h.Name)})
	}
}

// addBatches shows why batches were handed on.
func (p *part) addBatches(r *result) {
	for _, stage := range r.stageNames() {
		b := r.Stages[stage]
		if b.total() == 0 {
			continue
		}
		s := stack{Name: printable(stage), Sub: fmt.Sprintf("%d batches, %.0f units on average", b.total(), b.Mean)}
		for _, c := range []stackPart{
			{"full", "s0", b.Size, 0},
			{"early, for want of memory", "s1", b.Pressure, 0},
			{"at the end", "s2", b.End, 0},
			{"full of bytes", "s4", b.Bytes, 0},
			{"awaited", "s3", b.Awaited, 0},
		} {
			if c.Count > 0 {
				c.Percent = 100 * float64(c.Count) / float64(b.total())
				s.Parts = append(s.Parts, c)
			}
		}
		p.Batches = append(p.Batches, s)
	}
}
