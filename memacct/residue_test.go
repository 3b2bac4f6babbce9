package memacct

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
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

// A sync that crawls goes on where nobody knows that it can't get through, and is refused where the units to come will
// leave more behind than there is room for.
func TestASyncThatIsBoundToFailIsRefusedEarly(t *testing.T) {
	b := quiet(t, Process(200*mib))
	crawls := func(r Residue) *BudgetError {
		now := time.Now()
		b.crawl = crawl{since: now.Add(-thrashOver), last: now, units: crawlUnits}
		return &BudgetError{Reason: Pinned, Account: "sync", Queue: "units", Process: 200 * mib, Need: 195 * mib, LiveHeap: 150 * mib, Pinned: 140 * mib, Residue: r}
	}
	for name, c := range map[string]struct {
		left  Residue
		bound bool
	}{
		"nothing is left behind":      {Residue{}, false},
		"nobody knows how many come":  {Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib}, false},
		"few are to come":             {Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib, ToCome: 1000, Expected: 6 * mib}, false},
		"as many again are to come":   {Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib, ToCome: 24_000, Expected: 140 * mib}, true},
		"a little more than there is": {Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib, ToCome: 1700, Expected: 10 * mib}, false},
		"surely more than there is":   {Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib, ToCome: 3500, Expected: 21 * mib}, true},
	} {
		e := crawls(c.left)
		require.Equal(t, c.bound, b.tellCrawl(e), name)
		if c.bound {
			require.Equal(t, Growing, e.Reason, name)
			require.Contains(t, e.Error(), "the sync is bound to fail (growing)", name)
			require.Contains(t, e.Error(), "Have less kept of each unit", name)
		}
	}
	b.crawl = crawl{}
	e := crawls(Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib, ToCome: 24_000, Expected: 140 * mib})
	b.crawl = crawl{}
	require.False(t, b.tellCrawl(e), "not at the first")
	empty(t, b)
}

// That it will not do is told while there is much room yet, once, and only where it is known how many units are to come.
func TestWhatUnitsWillLeaveBehindIsForetold(t *testing.T) {
	b := quiet(t, Process(200*mib))
	g, gate := b.gov, NewGate(b.Account("sync"), "units", 10, weight)
	for range 1000 {
		fill(t, gate, 1)
		gate.Discard()
	}
	b.lock()
	g.residue = *leftBehind(10, func(n int64) int64 { return n * 50 })
	b.unlock()
	told := func() (said []string) {
		for range 2 * briefly {
			b.lock()
			if e, yes := b.foretell(g, host.Sample{Live: 30 * mib}); yes {
				said = append(said, e.Text)
			}
			b.unlock()
		}
		return said
	}
	require.Empty(t, told())
	gate.Expect(500_000)
	require.Empty(t, told(), "25 MB more")
	gate.Expect(10_000_000)
	said := told()
	require.Len(t, said, 1)
	require.Regexp(t, `^each finished unit leaves about 50 B behind, and 9999000 units are to come: the process will need 5\d\d\.\d MiB of its 200.0 MiB; have less kept of each, or raise the limit to \d+`, said[0])
	empty(t, b)
}
