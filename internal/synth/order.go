package synth

import "iter"

// Order is the order in which a source yields its units; the units are the
// same in all of them.
type Order string

// The orders. A giant is one of the largest hundredth of the units, which hold
// half of all files.
const (
	Natural        Order = "natural"         // versions of a name, and names of a family, side by side: giants cluster as in a real archive
	Shuffled       Order = "shuffled"        // no unit tells anything of the next
	Ascending      Order = "ascending"       // by files
	Descending     Order = "descending"      // by files
	GiantsFirst    Order = "giants-first"    // then the others in natural order
	GiantsLast     Order = "giants-last"     // after the others in natural order
	GiantsAdjacent Order = "giants-adjacent" // all in a row, in the middle of the others
	GiantsInFour   Order = "giants-in-four"  // in four rows, each behind a quarter of the others
)

// orders lists what order= takes, the default first.
var orders = []Order{Natural, Shuffled, Ascending, Descending, GiantsFirst, GiantsLast, GiantsAdjacent, GiantsInFour}

// layout says which unit has which size. Units are numbered in natural order;
// every cluster of them shares a neighbourhood of sizes, and a permutation of
// the clusters says which. Nothing is kept for a unit or a cluster.
type layout struct {
	units   int
	cluster int // units in a cluster; the last one may be cut short
	perm    permutation
	key     uint64
}

func newLayout(units, cluster int, key uint64) layout {
	clusters := (units + cluster - 1) / cluster
	return layout{units, cluster, newPermutation(clusters, key), key}
}

// ranks is one more than the highest rank: units, rounded up to a cluster.
func (l *layout) ranks() int { return int(l.perm.n) * l.cluster }

// rank is the place of unit id among all, from the smallest to the largest.
func (l *layout) rank(id int) int {
	return l.perm.at(id/l.cluster)*l.cluster + id%l.cluster
}

// ranked is the inverse of rank: the unit there, which may be one that was cut off, past units.
func (l *layout) ranked(rank int) int {
	return l.perm.from(rank/l.cluster)*l.cluster + rank%l.cluster
}

// in yields every unit once, in the order o.
func (l *layout) in(o Order) iter.Seq[int] {
	giants := func(id int) bool { return l.rank(id) >= l.ranks()-(l.units+99)/100 }
	others := func(id int) bool { return !giants(id) }
	switch middle := l.units / 2; o {
	case Shuffled:
		p := newPermutation(l.units, mix(l.key))
		return l.each(l.units, p.at, nil)
	case Ascending:
		return l.each(l.ranks(), l.ranked, nil)
	case Descending:
		return l.each(l.ranks(), func(i int) int { return l.ranked(l.ranks() - 1 - i) }, nil)
	case GiantsFirst:
		return chain(l.span(0, l.units, giants), l.span(0, l.units, others))
	case GiantsLast:
		return chain(l.span(0, l.units, others), l.span(0, l.units, giants))
	case GiantsAdjacent:
		return chain(l.span(0, middle, others), l.span(0, l.units, giants), l.span(middle, l.units, others))
	case GiantsInFour:
		var all []iter.Seq[int]
		for i := range 4 { // the giants of each quarter behind the others of it
			from, to := l.units*i/4, l.units*(i+1)/4
			all = append(all, l.span(from, to, others), l.span(from, to, giants))
		}
		return chain(all...)
	default:
		return l.span(0, l.units, nil)
	}
}

// span yields the units from lo to hi that are wanted, in natural order.
func (l *layout) span(lo, hi int, want func(id int) bool) iter.Seq[int] {
	return l.each(hi-lo, func(i int) int { return lo + i }, want)
}

// each yields at(0), at(1), ... at(n-1) without those cut off or not wanted.
func (l *layout) each(n int, at func(int) int, want func(id int) bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if id := at(i); id < l.units && (want == nil || want(id)) && !yield(id) {
				return
			}
		}
	}
}

// chain is one sequence after the other.
func chain(all ...iter.Seq[int]) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, seq := range all {
			for id := range seq {
				if !yield(id) {
					return
				}
			}
		}
	}
}
