package memacct

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// leftBehind is a residue of so many collections, with 1,000 units ended between two, and what lives beside the content.
func leftBehind(n int, beside func(ended int64) int64) *residue {
	r := new(residue)
	for i := range n {
		ended := int64(i) * 1000
		r.add(ended, beside(ended))
	}
	return r
}

func TestWhatUnitsLeaveBehind(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		n    int
		left func(int64) int64
		each float64
	}{
		"6 KiB of each":                         {30, func(n int64) int64 { return n * 6144 }, 6144},
		"beside what was there":                 {30, func(n int64) int64 { return 50*mib + n*6144 }, 6144},
		"for long":                              {5000, func(n int64) int64 { return n * 6144 }, 6144},
		"while what lives is known but about":   {200, func(n int64) int64 { return n*6144 + noise.Int64N(8*mib) }, 6144},
		"nothing":                               {100, func(int64) int64 { return noise.Int64N(8 * mib) }, 0},
		"nothing of what was read before":       {100, func(int64) int64 { return 90 * mib }, 0},
		"less and less":                         {100, func(n int64) int64 { return 90*mib - n*100 }, 0},
		"too few collections to tell":           {fewestPoints, func(n int64) int64 { return n * 6144 }, 0},
		"a manifest read before the first unit": {100, func(n int64) int64 { return min(n, 1)*80*mib + 10*mib }, 0},
	} {
		each, _ := leftBehind(c.n, c.left).fit()
		require.InDelta(t, c.each, max(0, each), 0.03*6144, name)
	}
}

func TestExpectedUnitsOfAllGates(t *testing.T) {
	b, a := open(t, 100)
	one, two := NewGate(a, "one", 1, weight), NewGate(a, "two", 1, weight)
	one.Expect(10)
	two.Expect(5)
	one.Expect(20)
	require.EqualValues(t, 25, b.expected)
	two.Expect(0)
	require.EqualValues(t, 20, b.expected)
	NewGate[*load](nil, "none", 1, nil).Expect(3)
	empty(t, b)
}

// What was read before the first unit is not what the units left, and what was measured counts, not the slope.
func TestTheResidueIsOfWhatWasMeasured(t *testing.T) {
	r := leftBehind(100, func(n int64) int64 { return 2*mib + n*6000 })
	require.Equal(t, Residue{Units: 10_000, Each: 6144, Bytes: 61_440_000}, r.residue(10_000, 61_440_000, 2*mib))
	r = leftBehind(100, func(n int64) int64 { return 42*mib + n*6000 })
	told := r.residue(10_000, 40*mib+60_000_000, 2*mib)
	require.InEpsilon(t, 60_000_000, told.Bytes, 0.01)
	require.Zero(t, r.residue(100, 40*mib+600_000, 2*mib), "hardly anything of it")
}
