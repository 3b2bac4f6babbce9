package govern

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// leftBehind is a residue of so many collections, with 1,000 units ended between two, and what lives beside the content.
func leftBehind(n int, beside func(ended int64) int64) *Trend {
	r := new(Trend)
	for i := range n {
		ended := int64(i) * 1000
		r.Add(ended, beside(ended))
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
		each, _ := leftBehind(c.n, c.left).Fit()
		require.InDelta(t, c.each, max(0, each), 0.03*6144, name)
	}
}

// That it will not do is told while there is much room yet, once, and only where it is known how many units are to come.
func TestWhatUnitsWillLeaveBehindIsForetold(t *testing.T) {
	g := &Law{Process: 200 * mib, Trend: *leftBehind(10, func(n int64) int64 { return n * 50 })}
	told := func(toCome int64) (said []string) {
		for range 2 * briefly {
			if n, yes := g.Foretell(host.Sample{At: time.Now(), Live: 30 * mib}, toCome); yes {
				require.Equal(t, alarm, n.Kind)
				said = append(said, n.Text)
			}
		}
		return said
	}
	require.Empty(t, told(0))
	require.Empty(t, told(-5))
	require.Empty(t, told(499_000), "25 MB more")
	said := told(9_999_000)
	require.Len(t, said, 1)
	require.Regexp(t, `^each finished unit leaves about 50 B behind, and 9999000 units are to come: the process will need 5\d\d\.\d MiB of its 200.0 MiB; have less kept of each, or raise the limit to \d+`, said[0])
}
