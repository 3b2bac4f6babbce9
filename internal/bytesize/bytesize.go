// Package bytesize reads and prints byte counts the way GOMEMLIMIT writes them: 64MiB, 1.5GiB.
package bytesize

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Binary units, in bytes.
const (
	KiB int64 = 1 << (10 * (iota + 1))
	MiB
	GiB
	TiB
)

// units maps each accepted suffix to its bytes. The decimal ones follow the SI; a bare K, M or G is refused
// because half of all people mean 1000 by it and the other half 1024.
var units = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", float64(KiB)},
	{"MiB", float64(MiB)},
	{"GiB", float64(GiB)},
	{"TiB", float64(TiB)},
	{"kB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1}, // last: every other suffix ends in B too
}

// Parse reads a byte count with its unit, such as 64MiB, 1.5GiB or 4096B, and returns it in bytes.
// A number without a unit is refused: 64 could mean bytes or mebibytes, and guessing wrong by a
// factor of a million is worse than asking.
func Parse(text string) (int64, error) {
	s := strings.TrimSpace(text)
	for _, u := range units {
		num, ok := cutSuffixFold(s, u.suffix)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(num), 64)
		if err != nil || v < 0 || math.IsNaN(v) {
			break
		}
		if v*u.bytes >= math.MaxInt64 {
			return 0, fmt.Errorf("%q is more than any machine has", text)
		}
		return int64(v * u.bytes), nil
	}
	if v, err := strconv.ParseFloat(s, 64); err == nil && v >= 0 {
		return 0, fmt.Errorf("%q has no unit: write %sMiB for mebibytes or %sB for bytes", text, s, s)
	}
	return 0, fmt.Errorf("%q is not a byte count: write a number and a unit, such as 64MiB or 1.5GiB", text)
}

// cutSuffixFold is strings.CutSuffix without regard to case: 64mib means nothing else than 64MiB.
func cutSuffixFold(s, suffix string) (string, bool) {
	if len(s) < len(suffix) || !strings.EqualFold(s[len(s)-len(suffix):], suffix) {
		return s, false
	}
	return s[:len(s)-len(suffix)], true
}

// Format prints n bytes with three significant digits or so in the largest binary unit that keeps it at 1 or more.
func Format(n int64) string {
	switch a := max(n, -n); {
	case a < 0 || a >= TiB:
		return scaled(n, TiB, "TiB")
	case a >= GiB:
		return scaled(n, GiB, "GiB")
	case a >= MiB:
		return scaled(n, MiB, "MiB")
	case a >= KiB:
		return scaled(n, KiB, "KiB")
	}
	return strconv.FormatInt(n, 10) + " B"
}

// Exact prints n bytes as Parse reads them, in the largest binary unit that leaves no rest.
func Exact(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{TiB, "TiB"}, {GiB, "GiB"}, {MiB, "MiB"}, {KiB, "KiB"}} {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

func scaled(n, unit int64, name string) string {
	return strconv.FormatFloat(float64(n)/float64(unit), 'f', 1, 64) + " " + name
}
