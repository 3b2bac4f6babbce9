package main

import (
	"fmt"
	"slices"

	"github.com/syncmem/syncmem/cmd/syncbench/internal/plot"
	"github.com/syncmem/syncmem/internal/bytesize"
)

// show is a comparison.
func (c *comparison) show(p *part) {
	p.What, p.Source, p.Class = "comparison", c.Source, "ok"
	p.addEnv(c.Env)
	held, bounded := 0, 0
	for _, m := range c.Modes {
		if m.Mode == modeBytes {
			held, bounded = held+m.Held, bounded+m.Held+m.Broken+m.Failed
		}
	}
	switch {
	case bounded == 0:
		p.Class, p.Verdict = "warn", "Nothing was bounded by bytes"
	case held == bounded:
		p.Verdict = fmt.Sprintf("HELD: all %d runs bounded by bytes kept to %s", bounded, bytesize.Format(c.Limit))
	default:
		p.Class, p.Verdict = "bad", fmt.Sprintf("BROKEN: %d of %d runs bounded by bytes kept to %s", held, bounded, bytesize.Format(c.Limit))
	}
	if held == bounded && bounded > 0 && len(c.Modes) > 1 && !slices.ContainsFunc(c.Modes, func(m *comparedMode) bool { return m.Broken > 0 }) {
		p.Says = "So did all others: that proves nothing about the budget."
	}
	if want := c.Rounds * len(c.Modes); len(c.Runs) < want {
		p.Says = fmt.Sprintf("%d of %d runs are done.", len(c.Runs), want)
	}
	peaks := &plot.Rows{X: plot.Axis{Name: "peak", Unit: plot.Bytes}, Mark: float64(c.Limit)}
	speeds := &plot.Rows{X: plot.Axis{Name: "units a second"}}
	first := c.Modes[0].String()
	p.Modes = &table{Head: []string{"mode", "runs", "peak", "of " + first, "units/s", "of " + first, "mean batch", "gate closed", "over the limit"}}
	for i, m := range c.Modes {
		peaks.Rows = append(peaks.Rows, plot.Row{Name: m.String(), Class: fmt.Sprint("s", i%4), Values: valuesOf(m.all, func(f figures) float64 { return f.PeakRSSAnon }), Median: m.Median.PeakRSSAnon})
		speeds.Rows = append(speeds.Rows, plot.Row{Name: m.String(), Class: fmt.Sprint("s", i%4), Values: valuesOf(m.all, func(f figures) float64 { return f.UnitsPerSecond }), Median: m.Median.UnitsPerSecond})
		p.Modes.Rows = append(p.Modes.Rows, []string{
			m.String(), fmt.Sprint(len(m.all)), bytesize.Format(int64(m.Median.PeakRSSAnon)), fmt.Sprintf("%.2f", m.PeakRatio),
			fmt.Sprintf("%.0f", m.Median.UnitsPerSecond), fmt.Sprintf("%.2f", m.SpeedRatio), fmt.Sprintf("%.0f", m.Median.MeanBatch),
			fmt.Sprintf("%.1f s", m.Median.GateWait), fmt.Sprintf("%d of %d", m.Broken, len(m.all)),
		})
		p.Modes.Bad = append(p.Modes.Bad, m.Broken+m.Failed > 0)
	}
	p.Charts = append(p.Charts,
		figure{Title: "Peaks", Sub: "bars are medians, dots are runs, the line is the limit", Wide: peaks.SVG(halfChart), Narrow: peaks.SVG(narrowChart)},
		figure{Title: "Speed", Sub: "bars are medians, dots are runs", Wide: speeds.SVG(halfChart), Narrow: speeds.SVG(narrowChart)})
}

// show is a sweep.
func (l *ladder) show(p *part) {
	p.What, p.Source = "sweep", l.Source
	p.addEnv(l.Env)
	wall := "behind real memory cgroups, with the kernel's OOM killer on"
	if l.Wall != "cgroup" {
		wall = "by resident memory alone: no cgroup could be made"
	}
	switch {
	case l.Smallest == 0:
		p.Class, p.Verdict = "bad", "No limit held"
	case l.ControlBroke:
		p.Class, p.Verdict = "ok", "HELD and proved down to "+bytesize.Format(l.Smallest)
	default:
		p.Class, p.Verdict = "warn", "Held down to "+bytesize.Format(l.Smallest)+", which proves nothing: the control kept to it, too, or was not run"
	}
	p.Says = "Judged " + wall + "."
	if l.Error != "" {
		p.Class, p.Says = "warn", p.Says+" It ended early: "+firstLine(l.Error)
	}
	u := l.Unlimited
	p.Tiles = append(p.Tiles,
		tile{"Smallest limit that " + l.holds(), amountOf(l.Smallest), timesOf(u.peak(), l.Smallest), -1, false},
		tile{"Knee of the speed", amountOf(l.Knee), fmt.Sprintf("the least limit with %.0f %% of the speed", 100*kneeSpeed), -1, false},
		tile{"Without a limit", bytesize.Format(u.peak()), fmt.Sprintf("%.0f units a second", u.UnitsPerSecond), -1, false},
		tile{"Units", fmt.Sprint(u.Units), "", -1, false})
	peak := plot.Series{Name: "held", Class: "s2", Dots: true}
	gone := plot.Series{Name: "not held", Class: "sbad", Dots: true}
	speed := plot.Series{Name: "speed", Class: "s0"}
	p.Rungs = &table{Head: []string{"limit", "verdict", "peak", "kills", "units/s", "of unlimited", "mean batch", "gate closed", "GC", "control", "proved"}, Words: true}
	for _, s := range l.Rungs {
		limit := float64(s.Limit)
		if y := s.PeakRSSAnon; y != nil && s.Verdict == verdictHeld {
			peak.X, peak.Y, peak.Titles = append(peak.X, limit), append(peak.Y, float64(*y)), append(peak.Titles, bytesize.Format(s.Limit)+": peak "+bytesize.Format(*y))
		} else {
			gone.X, gone.Y, gone.Titles = append(gone.X, limit), append(gone.Y, limit), append(gone.Titles, bytesize.Format(s.Limit)+": "+s.Verdict)
		}
		part := s.UnitsPerSecond / max(u.UnitsPerSecond, 1e-9)
		if s.Verdict == verdictHeld {
			speed.X, speed.Y = append(speed.X, limit), append(speed.Y, part)
		}
		p.Rungs.Rows = append(p.Rungs.Rows, []string{
			bytesize.Format(s.Limit), s.Verdict, amountOr(s.PeakRSSAnon, "?"), countOr(s.OOMKills), fmt.Sprintf("%.0f", s.UnitsPerSecond), fmt.Sprintf("%.2f", part),
			fmt.Sprintf("%.0f", s.MeanBatch), fmt.Sprintf("%.1f s", s.GateWait), fmt.Sprintf("%.0f %%", 100*s.GCCPU), s.Control.words(), s.provedWords(),
		})
		p.Rungs.Bad = append(p.Rungs.Bad, s.Verdict != verdictHeld)
	}
	log := plot.Axis{Name: "limit", Unit: plot.Bytes, Log: true}
	ladder := &plot.Chart{X: log, Y: plot.Axis{Unit: plot.Bytes, Log: true}, Diagonal: true, Series: []plot.Series{peak, gone}}
	p.Charts = append(p.Charts,
		drawn("Ladder", "the peak under each limit; on the line it would be as large", ladder, false),
		drawn("Speed", "of the speed without a limit", &plot.Chart{X: log, Y: plot.Axis{Unit: plot.Percent, Max: 1}, Series: []plot.Series{speed}}, false))
}

// amountOf prints an amount that may not have been found.
func amountOf(n int64) string {
	if n == 0 {
		return "none"
	}
	return bytesize.Format(n)
}

// timesOf says how much less a limit is.
func timesOf(peak, limit int64) string {
	if limit == 0 {
		return ""
	}
	return fmt.Sprintf("the work takes %.1f times as much without one", float64(peak)/float64(limit))
}

// countOr prints a count that may be unknown.
func countOr(n *int64) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}

// words say what the control did.
func (c *control) words() string {
	switch {
	case c == nil:
		return "not run"
	case c.OOMKills != nil && *c.OOMKills > 0:
		return "killed"
	case c.Broke:
		return "broke it"
	case c.failed():
		return "failed"
	}
	return "kept to it"
}

// provedWords say whether a limit is proved, and why not.
func (s *rung) provedWords() string {
	if s.Proved {
		return "yes"
	}
	return "no: " + s.Why
}
