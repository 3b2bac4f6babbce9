package govern

import "slices"

// recent holds the last few readings of something that fluctuates.
type recent struct {
	vals [8]int64
	n    int
}

func (r *recent) add(v int64) {
	r.vals[r.n%len(r.vals)] = max(0, v)
	r.n++
}

func (r *recent) seen() []int64 { return r.vals[:min(r.n, len(r.vals))] }

// most is the largest of them.
func (r *recent) most() int64 {
	if r.n == 0 {
		return 0
	}
	return slices.Max(r.seen())
}

// Median is the middle one: single readings of what lives beside the content are off by whatever was
// admitted or released while the collector marked.
func (r *recent) Median() int64 {
	if r.n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.seen()))
	return sorted[len(sorted)/2]
}

// lately is the lesser of the last two: a rise counts at the second reading that has it.
func (r *recent) lately() int64 {
	if r.n < 2 {
		return 0
	}
	return min(r.vals[(r.n-1)%len(r.vals)], r.vals[(r.n-2)%len(r.vals)])
}
