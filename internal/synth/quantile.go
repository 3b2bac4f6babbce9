package synth

import "math/bits"

//go:generate go run ./gen -in debian-bookworm-filecounts.tsv.gz -out quantiles_gen.go

// All of this is integer arithmetic: floating point may be fused differently
// from one processor to the next, and the same seed must give the same units
// everywhere.

// knot is a point of a quantile function: a rank in the sorted sample, and the
// value there. Between knots it is a straight line.
type knot struct{ rank, value uint32 }

// band holds the quantiles of the mean path length, in 1/16 byte, of packages
// with fewer files than below. They lie at the percents of lengthAt.
type band struct {
	below   int
	lengths [7]uint16
}

// lengthAt are the percents of a band's quantiles, as gen writes them.
var lengthAt = [7]uint64{0, 5, 25, 50, 75, 95, 100}

// fraction is i/n of 2^64, for i < n: how the functions below take their
// probabilities.
func fraction(i, n uint64) uint64 {
	q, _ := bits.Div64(i, 0, n)
	return q
}

// filesAt is the quantile function of files in a package: u runs over the
// packages from the smallest to the largest.
func filesAt(u uint64) int { return quantile(fileKnots[:], u) }

// quantile is the value of the function through knots at u.
func quantile(knots []knot, u uint64) int {
	const steps = 1 << 16 // of a rank
	last := knots[len(knots)-1].rank
	at, _ := bits.Mul64(u, uint64(last)*steps)
	k := 1
	for at >= uint64(knots[k].rank)*steps { // ends: at is below the last
		k++
	}
	lo, hi := knots[k-1], knots[k]
	beyond, width := at-uint64(lo.rank)*steps, uint64(hi.rank-lo.rank)*steps
	return int(lo.value) + int((uint64(hi.value-lo.value)*beyond+width/2)/width)
}

// pathLengthAt is the mean length of a path, in 1/16 byte, of a package with so
// many files; u picks it from what is usual for that many files.
func pathLengthAt(files int, u uint64) int {
	b := 0
	for files >= pathBands[b].below {
		b++
	}
	const steps = 1 << 16 // of a percent
	at, _ := bits.Mul64(u, 100*steps)
	k := 1
	for at >= lengthAt[k]*steps {
		k++
	}
	lo, hi := pathBands[b].lengths[k-1], pathBands[b].lengths[k]
	beyond, width := at-lengthAt[k-1]*steps, (lengthAt[k]-lengthAt[k-1])*steps
	return int(uint64(lo) + uint64(hi-lo)*beyond/width)
}
