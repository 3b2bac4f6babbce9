package memacct

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// leftBy is the trend of so many collections, with 1,000 units ended between two, and what lives beside the content.
func leftBy(n int, beside func(ended int64) int64) (r govern.Trend) {
	for i := range n {
		ended := int64(i) * 1000
		r.Add(ended, beside(ended))
	}
	return r
}

// What was read before the first unit is not what the units left, and what was measured counts, not the slope.
func TestTheResidueIsOfWhatWasMeasured(t *testing.T) {
	r := leftBy(100, func(n int64) int64 { return 2*mib + n*6000 })
	require.Equal(t, Residue{Units: 10_000, Each: 6144, Bytes: 61_440_000}, residueOf(r, 10_000, 61_440_000, 2*mib))
	r = leftBy(100, func(n int64) int64 { return 42*mib + n*6000 })
	told := residueOf(r, 10_000, 40*mib+60_000_000, 2*mib)
	require.InEpsilon(t, 60_000_000, told.Bytes, 0.01)
	require.Zero(t, residueOf(r, 100, 40*mib+600_000, 2*mib), "hardly anything of it")
}
