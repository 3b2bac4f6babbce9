package plot

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Series is one line, or cloud of dots. X and Y are as long.
type Series struct {
	Name   string
	Class  string // the page's name of its colour
	X, Y   []float64
	Dashed bool
	Dots   bool     // no line
	Titles []string // of dots; may be nil
}

// Band is a part of the x axis that is shaded.
type Band struct{ From, To float64 }

// Chart is figures over figures.
type Chart struct {
	Label    string // what a reader who does not see it is told
	X, Y     Axis
	Series   []Series
	Bands    []Band
	Diagonal bool // a line where both are the same
}

// The room around a chart, for what is written along its axes.
const (
	left, right, top, bottom = 66, 16, 10, 38
	tickRoom                 = 70 // between two figures of the x axis
)

// SVG draws the chart, of that size in pixels.
func (c *Chart) SVG(width, height int) template.HTML {
	x, y := c.scales(float64(width), float64(height))
	var w strings.Builder
	open(&w, width, height, c.Label)
	for _, b := range c.Bands {
		from, to := x.at(math.Max(b.From, x.min)), x.at(math.Min(b.To, x.max))
		fmt.Fprintf(&w, `<rect class="band" x="%.1f" y="%d" width="%.1f" height="%d"/>`, from, top, math.Max(to-from, 1), height-top-bottom)
	}
	c.axes(&w, x, y, width, height)
	if c.Diagonal {
		from, to := math.Max(x.min, y.min), math.Min(x.max, y.max)
		fmt.Fprintf(&w, `<line class="diagonal" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, x.at(from), y.at(from), x.at(to), y.at(to))
	}
	for _, s := range c.Series {
		if s.Dots {
			s.dots(&w, x, y)
		} else {
			s.line(&w, x, y)
		}
	}
	w.WriteString("</svg>")
	return template.HTML(w.String()) // made of numbers, and of text that was escaped
}

// scales are those of both axes, which take all series in.
func (c *Chart) scales(width, height float64) (x, y scale) {
	minX, maxX, minY, maxY := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, s := range c.Series {
		for i := range s.X {
			if !drawn(c.X, s.X[i]) || !drawn(c.Y, s.Y[i]) {
				continue
			}
			around := 1.0
			if s.Dots && c.X.Log { // none on the edge
				around = 1.1
			}
			minX, maxX = math.Min(minX, s.X[i]/around), math.Max(maxX, s.X[i]*around)
			minY, maxY = math.Min(minY, s.Y[i]), math.Max(maxY, s.Y[i])
		}
	}
	if c.Diagonal {
		maxX = math.Max(maxX, maxY)
		maxY = maxX
	}
	return newScale(c.X, minX, maxX, left, width-right), newScale(c.Y, minY, maxY*1.04, height-bottom, top)
}

// axes draws the grid and what is written beside it.
func (c *Chart) axes(w *strings.Builder, x, y scale, width, height int) {
	low := height - bottom
	for _, v := range y.ticks(6) {
		at := y.at(v)
		fmt.Fprintf(w, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text class="y" x="%d" y="%.1f">%s</text>`,
			left, at, width-right, at, left-8, at+4, text(y.axis.Unit.tick(v)))
	}
	for _, v := range x.ticks(max(2, (width-left-right)/tickRoom)) {
		at := x.at(v)
		fmt.Fprintf(w, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text class="x" x="%.1f" y="%d">%s</text>`,
			at, top, at, low, at, low+15, text(x.axis.Unit.tick(v)))
	}
	fmt.Fprintf(w, `<text class="name" x="%d" y="%d">%s</text>`, (left+width-right)/2, height-4, text(x.axis.Name))
}

func (s *Series) line(w *strings.Builder, x, y scale) {
	class := "line " + s.Class
	if s.Dashed {
		class += " dashed"
	}
	fmt.Fprintf(w, `<polyline class="%s" points="`, text(class))
	for i := range s.X {
		if drawn(x.axis, s.X[i]) && drawn(y.axis, s.Y[i]) {
			fmt.Fprintf(w, "%.1f,%.1f ", x.at(s.X[i]), y.at(s.Y[i]))
		}
	}
	fmt.Fprintf(w, `"><title>%s</title></polyline>`, text(s.Name))
}

func (s *Series) dots(w *strings.Builder, x, y scale) {
	for i := range s.X {
		if !drawn(x.axis, s.X[i]) || !drawn(y.axis, s.Y[i]) {
			continue
		}
		title := s.Name
		if s.Titles != nil {
			title = s.Titles[i]
		}
		fmt.Fprintf(w, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="3.5"><title>%s</title></circle>`, text(s.Class), x.at(s.X[i]), y.at(s.Y[i]), text(title))
	}
}

// drawn reports whether a figure has a place.
func drawn(a Axis, v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!a.Log || v > 0)
}

// open begins a drawing.
func open(w *strings.Builder, width, height int, label string) {
	fmt.Fprintf(w, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, text(label))
}

// text is a string as it may stand between tags and quotes.
func text(s string) string { return template.HTMLEscapeString(s) }
