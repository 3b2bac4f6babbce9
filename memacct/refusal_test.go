package memacct

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// forced is how many collections were forced since the start of the process.
func forced() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.NumForcedGC)
}

// A unit that exceeds a limit of content by itself is refused without a look at the heap, and no figure of it is told.
func TestARefusalInWhichTheHeapHasNoPart(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 4, weight)
	before := forced()
	for range 20 {
		e := refusedWith(t, g.Put(t.Context(), &load{5000}))
		require.Equal(t, TooLarge, e.Reason)
		require.Zero(t, e.LiveHeap)
		require.Zero(t, e.Pinned)
		require.EqualError(t, e, "memacct: test/units: a unit of 4.9 KiB does not fit (too large): the budget for content is 1000 B, of which 0 B is in use by 0 units. Raise the budget by 3.9 KiB or more, or allow an overrun of 3.9 KiB.")
		require.NotContains(t, e.Report(), "live after GC")
	}
	require.Equal(t, before, forced())
	require.EqualValues(t, 20, b.Stats().Refused)
	empty(t, b)
}

// A series of refusals uses a measurement again for a moment, and each has the figures all the same.
func TestASeriesOfRefusalsIsMeasuredNowAndThen(t *testing.T) {
	b, a := open(t, 1000)
	g := NewGate(a, "units", 4, weight)
	back := a.Charge(900)
	before := forced()
	measured := 0
	var last *measurement
	for range 300 {
		e := refusedWith(t, g.Put(t.Context(), &load{500}))
		require.Equal(t, Charged, e.Reason)
		require.Positive(t, e.LiveHeap)
		require.Equal(t, e.LiveHeap, e.Used+e.Waiting+e.Baseline+e.Pinned)
		if m := b.refusals.series.last; m != last {
			last = m
			measured++
		}
	}
	require.LessOrEqual(t, forced()-before, measured, "one collection each")
	require.Less(t, measured, 150)
	require.GreaterOrEqual(t, measured, standing)
	back()
	require.NoError(t, g.Put(t.Context(), &load{500}), "and nobody is refused by an old measurement where there is room")
	require.Equal(t, 1, g.Discard())
	empty(t, b)
}

// Who is refused for what the process holds, lets go of it and tries again is let in: that is measured anew.
func TestARefusalThatIsTriedAgain(t *testing.T) {
	b, err := newOn(hostOf(0, 0, 8<<30).host(), Config{Limit: Process(64 * mib), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	g := NewGate(b.Account("test"), "units", 1, weight)
	for range 3 {
		kept := make([]byte, 120*mib)
		runtime.GC() // or the governor, which looks after a collection, may not know of it and give room
		cut(b, 0)
		require.Equal(t, Pinned, refusedWith(t, g.Put(t.Context(), &load{10_000})).Reason)
		runtime.KeepAlive(kept)
		kept = nil
		cut(b, 0)
		require.NoError(t, g.Put(t.Context(), &load{10_000}))
		require.Equal(t, 1, g.Discard())
	}
	kept := make([]byte, 120*mib)
	runtime.GC()
	for range 2 * standing { // and after a series as soon as its last measurement is old
		cut(b, 0)
		refusedWith(t, g.Put(t.Context(), &load{10_000}))
	}
	runtime.KeepAlive(kept)
	kept = nil
	require.Eventually(t, func() bool {
		cut(b, 0)
		return g.Put(t.Context(), &load{10_000}) == nil
	}, 10*time.Second, time.Millisecond)
	require.Equal(t, 1, g.Discard())
	empty(t, b)
}

// Between the verdict and the moment at which the put hears of it others may have come in: with slots all taken by then,
// and room in the budget, it is neither slots nor floors that it was refused for, and it tries again.
func TestARefusalIsForWhatItWasDecidedFor(t *testing.T) {
	b, a := open(t, 100)
	g := NewGate(a, "units", 2, weight)
	fill(t, g, 10, 10)
	b.enter()
	var r *refusal
	require.ErrorAs(t, b.refusedLocked(&core.Waiter{Queue: &g.q, Bytes: 60, State: core.Refused, Reason: core.Oversize}), &r)
	b.leave()
	require.NotEqual(t, Floors, r.reason, "there are none")
	_, again := b.reconsider(r, &BudgetError{Reason: r.reason})
	require.True(t, again)
	g.Discard()
	empty(t, b)
}

// Why a put is refused, by what it wants, what is charged, and what other accounts keep.
func TestWhyAPutIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		by           core.Reason
		held, bytes  int64
		units, named int64 // bytes of the limit of 100
		floor        int64 // of another account
		reason       Reason
		plain        bool
	}{
		"more than the limit":             {by: core.Oversize, bytes: 101, reason: TooLarge, plain: true},
		"more, with what it has":          {by: core.Oversize, held: 80, bytes: 21, units: 80, reason: TooLarge, plain: true},
		"a floor keeps it":                {by: core.Oversize, bytes: 60, floor: 50, reason: Floors},
		"a floor that does not matter":    {by: core.Oversize, bytes: 60, units: 60, floor: 1, reason: Pinned},
		"a charge keeps it":               {by: core.Oversize, bytes: 60, named: 50, reason: Charged},
		"a floor before a charge":         {by: core.Oversize, bytes: 60, named: 20, floor: 30, reason: Floors},
		"a charge that does not matter":   {by: core.Oversize, bytes: 60, units: 60, named: 10, reason: Pinned},
		"units that wait for each other":  {by: core.Stalled, bytes: 60, units: 60, reason: Stalled},
		"those, and it is above anything": {by: core.Stalled, bytes: 101, reason: Stalled},
	} {
		b, a := open(t, 100)
		if c.floor > 0 {
			b.Account("other", WithFloor(c.floor))
		}
		g := NewGate(a, "units", 4, weight)
		fill(t, g, c.units)
		back := a.Charge(c.named)
		b.enter()
		var r *refusal
		require.ErrorAs(t, b.refusedLocked(&core.Waiter{Queue: &g.q, Held: c.held, Bytes: c.bytes, State: core.Refused, Reason: c.by}), &r, name)
		b.leave()
		require.Equal(t, c.reason, r.reason, name)
		require.Equal(t, c.plain, r.plain, name)
		back()
		g.Discard()
		empty(t, b)
	}
	_, a := open(t, 100)
	g := NewGate(a, "units", 4, weight)
	require.ErrorIs(t, a.b.refusedLocked(&core.Waiter{Queue: &g.q, State: core.Refused, Reason: core.Closed}), ErrClosed)
}

// An error may be kept for long, in a report say. The budget with its queues must not be kept by it.
func TestAKeptErrorKeepsNoBudget(t *testing.T) {
	gone := make(chan struct{})
	kept := func() (kept []error) {
		b, a := open(t, 1000)
		runtime.AddCleanup(b, func(c chan struct{}) { close(c) }, gone)
		g := NewGate(a, "units", 4, weight)
		kept = append(kept, g.Put(t.Context(), &load{5000}))
		back := a.Charge(900)
		kept = append(kept, g.Put(t.Context(), &load{500}))
		back()
		for _, err := range kept {
			refusedWith(t, err)
		}
		empty(t, b)
		return kept
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		return isClosed(gone)
	}, 10*time.Second, time.Millisecond)
	runtime.KeepAlive(kept)
}

// A sync that crawls goes on where nobody knows that it can't get through, and is refused where the units to come will
// leave more behind than there is room for.
func TestASyncThatIsBoundToFailIsRefusedEarly(t *testing.T) {
	b := quiet(t, Process(200*mib))
	r := new(refusal)
	crawls := func(left Residue) *BudgetError {
		now := time.Now()
		b.refusals.crawl = govern.Crawl{Since: now.Add(-govern.ThrashOver), Last: now, Units: govern.CrawlUnits}
		return &BudgetError{Reason: Pinned, Account: "sync", Queue: "units", Process: 200 * mib, Need: 195 * mib, LiveHeap: 150 * mib, Pinned: 140 * mib, Residue: left}
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
		require.Equal(t, c.bound, b.tellCrawl(r, e), name)
		if c.bound {
			require.Equal(t, Growing, e.Reason, name)
			require.Contains(t, e.Error(), "the sync is bound to fail (growing)", name)
			require.Contains(t, e.Error(), "Have less kept of each unit", name)
		}
	}
	for _, need := range []int64{180 * mib, 190 * mib} { // beside 15 MiB of the program's own code
		r = &refusal{code: 15 * mib}
		e := crawls(Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib})
		e.Need = need
		require.Equal(t, need == 190*mib, b.tellCrawl(r, e))
		require.Equal(t, Pinned, e.Reason)
		e = crawls(Residue{})
		e.Need = need
		require.False(t, b.tellCrawl(r, e), "nothing grows: it gets through")
	}
	for _, held := range []int64{mib, 60 * mib} { // of a unit that is being built, beside 100 MiB in a process of 200
		r = &refusal{w: core.Waiter{Grows: true}}
		e := crawls(Residue{})
		e.building, e.Held, e.Need = true, held, 100*mib
		require.Equal(t, held == 60*mib, b.tellCrawl(r, e), "there are 50 MiB left for it")
	}
	r = new(refusal)
	e := crawls(Residue{})
	e.Named = 10 * mib // a list that a stage charges
	b.refusals.crawl.Since = b.opened.Add(-time.Hour)
	b.refusals.crawl.Kept = 130 * mib
	require.True(t, b.tellCrawl(r, e))
	require.Equal(t, Growing, e.Reason)
	require.Contains(t, e.Error(), "its units have come in one by one for 1h0m0s, each after a forced collection, and what they leave behind has grown by 20.0 MiB")
	require.True(t, b.Stats().Memory.Thrashing, "of a crawl all of it is forced collections")
	b.refusals.crawl.Last = time.Now().Add(-2 * govern.SlowGap)
	require.False(t, b.Stats().Memory.Thrashing, "it is over")
	b.refusals.crawl = govern.Crawl{}
	e = crawls(Residue{Units: 24_000, Each: 6144, Bytes: 140 * mib, ToCome: 24_000, Expected: 140 * mib})
	b.refusals.crawl = govern.Crawl{}
	require.False(t, b.tellCrawl(r, e), "not at the first")
	empty(t, b)
}

// A crawl is told, however long its units take here.
func TestACrawlIsTold(t *testing.T) {
	b, told := watched(t, hostOf(0, 0, 8<<30), Process(200*mib))
	g := NewGate(b.Account("test"), "units", 1, weight)
	one := func(began time.Duration) {
		b.enter()
		now := time.Now()
		was := now.Add(time.Hour) // no gap before this one
		b.refusals.crawl.Last, b.refusals.crawl.Since = was, now.Add(began)
		b.leaveQuietly()
		for crawled := false; !crawled; { // not where the governor looked after the cut: there was room then
			cut(b, 0)
			require.NoError(t, g.Put(t.Context(), &load{1000}))
			require.Equal(t, 1, g.Discard())
			b.enter()
			crawled = b.refusals.crawl.Last != was
			b.leaveQuietly()
		}
	}
	for range govern.CrawlUnits {
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
