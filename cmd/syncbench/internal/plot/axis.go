package plot

import (
	"fmt"
	"math"
	"strconv"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// Axis is one direction of a chart.
type Axis struct {
	Name string
	Unit Unit
	Log  bool // then what is 0 or less is not drawn
	// Max is the least end of the axis; what is larger moves it.
	Max float64
}

// Unit is how figures are written, and which are round.
type Unit int

// The units. Bytes are powers of two, all others of ten.
const (
	Number Unit = iota
	Bytes
	Seconds
	Percent // of 1
)

// Format writes a figure.
func (u Unit) Format(v float64) string {
	switch u {
	case Bytes:
		return bytesize.Format(int64(v))
	case Seconds:
		return strconv.FormatFloat(v, 'g', 3, 64) + " s"
	case Percent:
		return strconv.FormatFloat(100*v, 'g', 3, 64) + " %"
	}
	if v >= 1e3 {
		return thousands(int64(v))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// thousands writes an integer in groups of three.
func thousands(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return thousands(n/1000) + "," + fmt.Sprintf("%03d", n%1000)
}

// tick writes a figure that is round, as short as that is possible.
func (u Unit) tick(v float64) string {
	if u != Bytes {
		return u.Format(v)
	}
	for i, name := range []string{"B", "KiB", "MiB", "GiB", "TiB"} {
		if one := math.Pow(1024, float64(i)); v < 1024*one || i == 4 {
			return strconv.FormatFloat(v/one, 'g', 4, 64) + " " + name
		}
	}
	return ""
}

// scale maps figures to places along an axis.
type scale struct {
	axis     Axis
	min, max float64
	from, to float64 // places
}

// newScale is from min to max, or a little more. Where there is nothing to show they are infinite.
func newScale(a Axis, min, max, from, to float64) scale {
	if math.IsInf(max, 0) {
		min, max = 1, 1
	}
	max = math.Max(max, a.Max)
	switch {
	case !a.Log && max <= 0:
		max = 1
	case a.Log && min >= max:
		min = max / 10
	}
	if !a.Log {
		min = 0
	}
	return scale{a, min, max, from, to}
}

// at is the place of a figure.
func (s scale) at(v float64) float64 {
	part := (v - s.min) / (s.max - s.min)
	if s.axis.Log {
		part = math.Log(v/s.min) / math.Log(s.max/s.min)
	}
	return s.from + part*(s.to-s.from)
}

// ticks are round figures, at most so many.
func (s scale) ticks(most int) (all []float64) {
	base := 10.0
	if s.axis.Unit == Bytes {
		base = 2
	}
	if s.axis.Log {
		step := base
		for math.Log(s.max/s.min)/math.Log(step) > float64(most) {
			step *= base
		}
		for v := math.Pow(step, math.Ceil(math.Log(s.min)/math.Log(step)-1e-9)); v <= s.max*1.0001; v *= step {
			all = append(all, v)
		}
		return all
	}
	step := roundStep((s.max-s.min)/float64(most), base)
	for v := 0.0; v <= s.max*1.0001; v += step {
		all = append(all, v)
	}
	return all
}

// roundStep is the next round figure from least on: a power of two, or 1, 2 or 5 times one of ten.
func roundStep(least, base float64) float64 {
	power := math.Pow(base, math.Floor(math.Log(least)/math.Log(base)+1e-9))
	for _, times := range []float64{1, 2, 5, 10} {
		if power*times >= least*0.9999 && times <= base {
			return power * times
		}
	}
	return power * base
}
