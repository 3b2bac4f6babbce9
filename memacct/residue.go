package memacct

import (
	"fmt"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// residue is what units leave behind when they end: a list of results, a table of digests, an archive's directory. It
// is the slope of what lives beside the content over the number of units that ended. A first stage that has read all
// before it puts the first shows none: what it holds does not grow with what ends. Guarded by the budget's lock.
type residue struct {
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

// add takes the readings after a collection: units that ended so far, and bytes alive that are no content.
func (r *residue) add(ended, beside int64) {
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

// fit is how many bytes one unit leaves behind, by least squares, and what was there before the first one; 0 for each
// if they leave nothing, or it can't be told. The time before the first unit ended does not count.
func (r *residue) fit() (each, before float64) {
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

// smallStart is the part of what is held that is no more than the error of what was there before the first unit ended.
const smallStart = 8

// residue is what is told of bytes that are no content, measured when so many units had ended beside a baseline.
func (r *residue) residue(units, pinned, baseline int64) Residue {
	each, before := r.fit()
	if each <= 0 || units == 0 {
		return Residue{}
	}
	bytes := pinned
	if start := int64(before) - baseline; start > pinned/smallStart {
		bytes -= start
	}
	if bytes < pinned/leastResidue {
		return Residue{}
	}
	return Residue{Units: units, Each: bytes / units, Bytes: bytes}
}

// leastResidue is the part of what is held outside the queues that finished units must have left behind to be told.
const leastResidue = 4

// Expect says how many units are to come through g in all, as the header of an index may tell; 0 is unknown. It is for
// reports: where units leave something behind when they end, an error says what the rest will leave. It may be called
// again with a better number, and by several goroutines.
func (g *Gate[T]) Expect(units int64) {
	if g.b == nil {
		return
	}
	g.b.lock()
	defer g.b.unlockQuiet()
	g.b.expected += max(0, units) - g.units
	g.units = max(0, units)
}

// foretell warns that what units leave behind will exceed the limit before all have ended that are to come, long before
// it does. The lock is held.
func (b *Budget) foretell(g *governor, now host.Sample) (e Event, yes bool) {
	toCome := b.expected - b.core.Ended()
	if toCome <= 0 {
		return e, false
	}
	each, _ := g.residue.fit()
	need := g.need(now, now.Live) + int64(each*float64(toCome))
	if !g.bound.look(each > 0 && need > g.process+g.process/looseness, briefly) {
		return e, false
	}
	f := bytesize.Format
	return Event{Kind: EventAlarm, Bytes: g.process, Text: fmt.Sprintf(
		"each finished unit leaves about %s behind, and %s are to come: the process will need %s of its %s; have less kept of each, or raise the limit to %s or more",
		f(int64(each)), text.Count(toCome, "unit"), f(need), f(g.process), f(need/10*11))}, true
}

// Residue is what the units that ended have left behind. All amounts are bytes.
type Residue struct {
	Units    int64 // that ended
	Each     int64 // that one of them leaves behind, about
	Bytes    int64 // that all of them have left behind: no more than what is pinned and what is charged by name
	ToCome   int64 // units that are still to come, as [Gate.Expect] said; 0 if that is not known
	Expected int64 // bytes that those will leave behind
}

// String says it in a sentence's part.
func (r Residue) String() string {
	f := bytesize.Format
	return fmt.Sprintf("each finished unit leaves about %s behind: %s, %s", f(r.Each), text.Count(r.Units, "unit"), f(r.Bytes))
}
