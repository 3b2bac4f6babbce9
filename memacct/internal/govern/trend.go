package govern

import (
	"fmt"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Trend is what units leave behind when they end: a list of results, a table of digests, an archive's directory. It
// is the slope of what lives beside the content over the number of units that ended. A first stage that has read all
// before it puts the first shows none: what it holds does not grow with what ends. Guarded by the budget's lock.
type Trend struct {
	points [64]point
	n      int
	every  int // collections from one point to the next: doubled whenever the points are full, so that they span the life
	since  int // collections after the last point
}

// point is one collection's figures.
type point struct{ ended, beside float64 }

// The least that a slope is believed from.
const (
	fewestPoints = 8
	fewestEnded  = 100
	// straight is the least part of the variance that the slope must explain: the square of the correlation.
	straight = 0.9
)

// Add takes the readings after a collection: units that ended so far, and bytes alive that are no content.
func (r *Trend) Add(ended, beside int64) {
	if r.since++; r.since < r.every {
		return
	}
	r.since, r.every = 0, max(r.every, 1)
	if r.n == len(r.points) {
		for i := range r.n / 2 {
			r.points[i] = r.points[2*i]
		}
		r.n /= 2
		r.every *= 2
	}
	r.points[r.n] = point{float64(ended), float64(beside)}
	r.n++
}

// Fit is how many bytes one unit leaves behind, by least squares, and what was there before the first one; 0 for each
// if they leave nothing, or it can't be told. The time before the first unit ended does not count.
func (r *Trend) Fit() (each, before float64) {
	var n, x, y, xx, xy, yy float64
	for _, p := range r.points[:r.n] {
		if p.ended == 0 {
			continue
		}
		n++
		x, y = x+p.ended, y+p.beside
		xx, xy, yy = xx+p.ended*p.ended, xy+p.ended*p.beside, yy+p.beside*p.beside
	}
	dx, dy, d := n*xx-x*x, n*yy-y*y, n*xy-x*y
	if n < fewestPoints || r.points[r.n-1].ended < fewestEnded || d <= 0 || d*d < straight*dx*dy {
		return 0, 0
	}
	each = d / dx
	return each, (y - each*x) / n
}

// Foretell warns that what units leave behind will exceed the limit before all have ended that are to come, long before
// it does.
func (g *Law) Foretell(now host.Sample, toCome int64) (n Notice, yes bool) {
	if toCome <= 0 {
		return n, false
	}
	each, _ := g.Trend.Fit()
	left := int64(each * float64(toCome))
	need := g.Need(now, now.Live) + left
	if !g.bound.check(each > 0 && need > g.Process+g.Process/Looseness, briefly, now.At) {
		return n, false
	}
	f := bytesize.Format
	return Notice{Kind: alarm, Bytes: g.Process, Text: fmt.Sprintf(
		"each finished unit leaves about %s behind, and %s are to come: the process will need %s of its %s; have less kept of each, or raise the limit to %s or more",
		f(int64(each)), text.Count(toCome, "unit"), f(need), f(g.Process), f(RoomAtEnd(need, now.Live+left)))}, true
}

// RoomAtEnd is a process limit, in bytes, that will do for a process that needs so much by then, where so much lives
// when the last unit has ended and is worked on: as for the Go limit, the collector needs a runway, and so much of the
// limit is left beside.
func RoomAtEnd(need, live int64) int64 {
	return int64(float64(need+max(live/goRunway, leastRunway)) / commonGoLimit)
}
