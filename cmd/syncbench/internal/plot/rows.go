package plot

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Row is one thing that was measured several times.
type Row struct {
	Name, Class string
	Values      []float64
	Median      float64
}

// Rows are things side by side: a bar as long as the median, and a dot for each measurement.
type Rows struct {
	Label string
	X     Axis
	Rows  []Row
	Mark  float64 // a line across all rows; 0 is none
}

const rowHeight, nameWidth = 30, 92

// SVG draws the rows, as wide as that in pixels.
func (r *Rows) SVG(width int) template.HTML {
	most := r.Mark * 1.05
	for _, row := range r.Rows {
		for _, v := range append(row.Values, row.Median) {
			most = math.Max(most, v)
		}
	}
	height := len(r.Rows)*rowHeight + bottom + top
	x := newScale(r.X, 0, most, nameWidth, float64(width-right-12))
	var w strings.Builder
	open(&w, width, height, r.Label)
	for _, v := range x.ticks(max(2, (width-nameWidth-right)/tickRoom)) {
		fmt.Fprintf(&w, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text class="x" x="%.1f" y="%d">%s</text>`,
			x.at(v), top, x.at(v), height-bottom, x.at(v), height-bottom+15, text(r.X.Unit.tick(v)))
	}
	for i, row := range r.Rows {
		y := top + i*rowHeight
		fmt.Fprintf(&w, `<text class="row" x="%d" y="%d">%s</text>`, nameWidth-8, y+19, text(row.Name))
		fmt.Fprintf(&w, `<rect class="bar %s" x="%d" y="%d" width="%.1f" height="%d" rx="2"><title>%s: median %s</title></rect>`,
			text(row.Class), nameWidth, y+7, math.Max(x.at(row.Median)-nameWidth, 1), rowHeight-14, text(row.Name), text(r.X.Unit.Format(row.Median)))
		for _, v := range row.Values {
			fmt.Fprintf(&w, `<circle class="run" cx="%.1f" cy="%d" r="3"><title>%s: %s</title></circle>`, x.at(v), y+rowHeight/2, text(row.Name), text(r.X.Unit.Format(v)))
		}
	}
	if r.Mark > 0 {
		fmt.Fprintf(&w, `<line class="mark" x1="%.1f" y1="%d" x2="%.1f" y2="%d"><title>%s</title></line>`, x.at(r.Mark), top, x.at(r.Mark), height-bottom, text(r.X.Unit.Format(r.Mark)))
	}
	fmt.Fprintf(&w, `<text class="name" x="%d" y="%d">%s</text></svg>`, (nameWidth+width-right)/2, height-4, text(r.X.Name))
	return template.HTML(w.String()) // made of numbers, and of text that was escaped
}
