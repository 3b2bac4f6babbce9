package govern

import (
	"fmt"
	"slices"
	"time"
)

// calibration finds out by how much sizes are off: it is the slope of the live heap on the accounted bytes
// over the last collections. Both are read a moment apart while units come and go, so single collections say
// little: the slope is the median over pairs of them (Theil 1950, Sen 1968), which outliers do not move. Only
// pairs that lie close in time count, since other memory grows as well, and far apart in bytes, since the error
// of a pair is in inverse proportion to that.
type calibration struct {
	live, used [64]int64 // bytes after the last collections
	N          int
	offSince   time.Time // since when the factor has been off; zero if it is not
	told       bool
}

const (
	nearPairs  = 12      // collections between the two of a pair, at most
	leastPairs = 24      // fewer say nothing
	leastShift = 1 << 20 // bytes that a pair must differ by, and that part of the most accounted:
	shiftPart  = 0.25
	mostSpread = 0.35 // quartiles further apart than this part of the median say nothing either
)

// add takes the readings after a collection.
func (c *calibration) add(live, used int64) {
	i := c.N % len(c.live)
	c.live[i], c.used[i] = live, used
	c.N++
}

// Factor is live bytes for each accounted byte, 0 while the readings do not tell.
func (c *calibration) Factor() float64 {
	n := min(c.N, len(c.live))
	first := c.N - n
	at := func(i int) int { return (first + i) % len(c.live) }
	shift := max(leastShift, int64(shiftPart*float64(slices.Max(c.used[:]))))
	var slopes []float64
	for i := range n {
		for j := i + 1; j < min(n, i+nearPairs); j++ {
			if d := c.used[at(j)] - c.used[at(i)]; d >= shift || d <= -shift {
				slopes = append(slopes, float64(c.live[at(j)]-c.live[at(i)])/float64(d))
			}
		}
	}
	if len(slopes) < leastPairs {
		return 0
	}
	slices.Sort(slopes)
	quartile := func(q int) float64 { return slopes[len(slopes)*q/4] }
	if m := quartile(2); m > 0 && quartile(3)-quartile(1) <= mostSpread*m {
		return m
	}
	return 0
}

// Off is the warning that sizes have been off for long, once.
func (c *calibration) Off(now time.Time) (Notice, bool) {
	if c.told || c.N%16 != 0 { // it sorts some hundred numbers
		return Notice{}, false
	}
	f := c.Factor()
	if f > 1/sizesOffBy && f < sizesOffBy {
		c.offSince = time.Time{} // 0, unknown, changes nothing
		return Notice{}, false
	}
	if f == 0 {
		return Notice{}, false
	}
	if c.offSince.IsZero() {
		c.offSince = now
	}
	if now.Sub(c.offSince) < sizesOffFor {
		return Notice{}, false
	}
	c.told = true
	return Notice{Kind: sizesOff, Text: SizesText(f) + ": have the size functions count all that a unit keeps alive, as sizer.Of does"}, true
}

// SizesText says in words what a factor means, "" for an unknown one.
func SizesText(factor float64) string {
	switch {
	case factor <= 0:
		return ""
	case factor >= 1.05:
		return fmt.Sprintf("sizes under-report %.1fx", factor)
	case factor <= 1/1.05:
		return fmt.Sprintf("sizes over-report %.1fx", 1/factor)
	}
	return "sizes are right"
}
