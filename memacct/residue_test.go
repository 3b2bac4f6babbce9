package memacct

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/govern"
)

func TestExpectedUnitsOfAllGates(t *testing.T) {
	b, a := open(t, 100)
	one, two := NewGate(a, "one", 1, weight), NewGate(a, "two", 1, weight)
	one.Expect(10)
	two.Expect(5)
	one.Expect(20)
	require.EqualValues(t, 25, b.toCome())
	two.Expect(0)
	require.EqualValues(t, 20, b.toCome())
	fill(t, one, 1)
	require.Equal(t, 1, one.Discard())
	require.EqualValues(t, 19, b.toCome())
	NewGate[*load](nil, "none", 1, nil).Expect(3)
	empty(t, b)
}

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

// A sync that crawls goes on where nobody knows that it can't get through, and is refused where the units to come will
// leave more behind than there is room for.
func TestASyncThatIsBoundToFailIsRefusedEarly(t *testing.T) {
	b := quiet(t, Process(200*mib))
	crawls := func(r Residue) *BudgetError {
		now := time.Now()
		b.refusals.crawl = crawl{since: now.Add(-govern.ThrashOver), last: now, units: crawlUnits}
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
	for _, need := range []int64{180 * mib, 190 * mib} { // beside 15 MiB of the program's own code
		e := crawls(Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib})
		e.Need, e.code = need, 15*mib
		require.Equal(t, need == 190*mib, b.tellCrawl(e))
		require.Equal(t, Pinned, e.Reason)
		e = crawls(Residue{})
		e.Need, e.code = need, 15*mib
		require.False(t, b.tellCrawl(e), "nothing grows: it gets through")
	}
	for _, held := range []int64{mib, 60 * mib} { // of a unit that is being built, beside 100 MiB in a process of 200
		e := crawls(Residue{})
		e.building, e.Held, e.Need = true, held, 100*mib
		require.Equal(t, held == 60*mib, b.tellCrawl(e), "there are 50 MiB left for it")
	}
	e := crawls(Residue{})
	e.Named = 10 * mib // a list that a stage charges
	b.refusals.crawl.since = b.opened.Add(-time.Hour)
	b.refusals.crawl.kept = 130 * mib
	require.True(t, b.tellCrawl(e))
	require.Equal(t, Growing, e.Reason)
	require.Contains(t, e.Error(), "its units have come in one by one for 1h0m0s, each after a forced collection, and what they leave behind has grown by 20.0 MiB")
	require.True(t, b.Stats().Memory.Thrashing, "of a crawl all of it is forced collections")
	b.refusals.crawl.last = time.Now().Add(-2 * slowGap)
	require.False(t, b.Stats().Memory.Thrashing, "it is over")
	b.refusals.crawl = crawl{}
	e = crawls(Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib, ToCome: 24_000, Expected: 140 * mib})
	b.refusals.crawl = crawl{}
	require.False(t, b.tellCrawl(e), "not at the first")
	empty(t, b)
}

// The limit that is advised where units leave something behind has room for a last phase that works on all of it: a tenth
// is left to what is outside Go and foreseen by nobody, and the collector can run.
func TestTheLimitAdvisedHasRoomForALastPhase(t *testing.T) {
	e := &BudgetError{Reason: Pinned, Item: 2 * mib, Process: 100 * mib, Need: 90 * mib, LiveHeap: 72 * mib, Pinned: 70 * mib, files: 6 * mib, most: 1 << 40}
	require.Contains(t, e.Error(), "to 110.0 MiB or more")
	e.Residue = Residue{Units: 1000, Each: 70 << 10, Bytes: 70 * mib}
	require.Contains(t, e.Error(), "to at least 121.1 MiB, and it grows by 70.0 KiB with every unit", "(100 + 72/8) / 0.9")
	e.Residue.ToCome, e.Residue.Expected = 800, 56*mib
	require.Contains(t, e.Error(), "to 191.1 MiB or more: 800 units are to come, and leave 56.0 MiB behind; what is made of it all in memory at the end comes on top", "(156 + 128/8) / 0.9")
}

// Units that get in one by one for some seconds are a warning; a few are none, and after a pause they begin anew.
func TestACrawl(t *testing.T) {
	var c crawl
	now := time.Now()
	ended, others := int64(0), int64(10)
	units := func(n int, gap time.Duration) (crawls bool) {
		for range n {
			now = now.Add(gap)
			ended += 1 + others
			crawls = c.add(now, crawlGap, 0, ended)
		}
		return crawls
	}
	require.False(t, units(20, 100*time.Millisecond), "that was quick")
	require.True(t, units(20, 100*time.Millisecond))
	require.False(t, units(1, crawlGap+time.Millisecond), "after a pause it begins anew")
	require.False(t, units(5, 900*time.Millisecond), "these are few")
	require.True(t, units(2, 900*time.Millisecond))
	others = 0
	require.True(t, units(2, 5*time.Second), "where nothing else gets in it goes on, though it is slow")
	require.True(t, c.holds(now.Add(5*time.Second)))
	require.False(t, c.holds(now.Add(11*time.Second)))
	require.False(t, units(1, 11*time.Second))
}

// A crawl in which more and more is kept is given as long as the sync had before it.
func TestACrawlThatLeadsNowhere(t *testing.T) {
	const process = 320 * mib
	opened := time.Now()
	for name, c := range map[string]struct {
		before, lasts time.Duration
		grew          int64
		want          bool
	}{
		"longer than what was before":     {25 * time.Second, 26 * time.Second, 10 * mib, true},
		"not so long":                     {25 * time.Second, 24 * time.Second, 10 * mib, false},
		"from the first unit on":          {0, 9 * time.Second, 100 * mib, false},
		"and for long":                    {0, 11 * time.Second, 10 * mib, true},
		"a budget that was open for days": {48 * time.Hour, 61 * time.Second, 10 * mib, true},
		"nothing more is kept":            {0, time.Hour, 9 * mib, false},
		"less is":                         {0, time.Hour, -10 * mib, false},
	} {
		since := opened.Add(c.before)
		crawls := crawl{since: since, last: since.Add(c.lasts), kept: 50 * mib}
		require.Equal(t, c.want, crawls.leadsNowhere(opened, 50*mib+c.grew, process), name)
	}
}

// A crawl is told, however long its units take here.
func TestACrawlIsTold(t *testing.T) {
	b, told := watched(t, hostOf(0, 0, 8<<30), Process(200*mib))
	g := NewGate(b.Account("test"), "units", 1, weight)
	one := func(began time.Duration) {
		b.enter()
		now := time.Now()
		was := now.Add(time.Hour) // no gap before this one
		b.refusals.crawl.last, b.refusals.crawl.since = was, now.Add(began)
		b.leaveQuietly()
		for crawled := false; !crawled; { // not where the governor looked after the cut: there was room then
			cut(b, 0)
			require.NoError(t, g.Put(t.Context(), &load{1000}))
			require.Equal(t, 1, g.Discard())
			b.enter()
			crawled = b.refusals.crawl.last != was
			b.leaveQuietly()
		}
	}
	for range crawlUnits {
		one(time.Hour)
	}
	require.Empty(t, told, "it has just begun")
	one(-govern.ThrashOver)
	e := <-told
	require.Equal(t, EventThrash, e.Kind)
	require.Contains(t, e.Text, "one by one")
	require.Contains(t, e.Text, "raise the process limit to")
	empty(t, b)
}
