package govern

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is left at first is what the process does not use, by how far the heap outgrows what lives; and the least limit
// that is named leaves what it says.
func TestFirstContent(t *testing.T) {
	for name, c := range map[string]struct {
		process, used int64
		gc            Collector
		want          float64 // MiB
	}{
		"the budget sets a Go limit":           {206 * mib, 0, Collector{Percent: 100, SetGo: true}, 100},
		"and uses a part already":              {206 * mib, 100 * mib, Collector{Percent: 100, SetGo: true}, 50},
		"a Go limit is there, whatever GOGC":   {206 * mib, 0, Collector{Percent: 400, Limit: 200 * mib}, 100},
		"no Go limit: GOGC has it double":      {206 * mib, 0, Collector{Percent: 100, Limit: 1 << 40}, 80},
		"no Go limit, and it is to grow fast":  {206 * mib, 0, Collector{Percent: 300, Limit: 1 << 40}, 40},
		"a Go limit just above that of memory": {206 * mib, 0, Collector{Percent: 100, Limit: 206*mib + 1}, 80},
		"more is in use than there is":         {60 * mib, 100 * mib, Collector{SetGo: true}, -23},
	} {
		content, least := FirstContent(c.process, c.used, c.gc)
		require.InDelta(t, c.want, float64(content)/float64(mib), 0.1, name)
		for _, want := range []int64{MinContent, 64 * mib} {
			got, _ := FirstContent(least(want), c.used, c.gc)
			if c.gc.SetGo || (c.gc.Limit <= c.process) == (c.gc.Limit <= least(want)) { // else what is a low limit changes sides
				require.GreaterOrEqual(t, got, want, name)
				require.Less(t, got, want+2*mib, name)
			}
		}
	}
}
