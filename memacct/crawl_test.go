package memacct

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// Units that get in one by one for some seconds are a warning; a few are none, and after a pause they begin anew.
func TestACrawl(t *testing.T) {
	var c crawl
	now := time.Now()
	units := func(n int, gap time.Duration) (crawls bool) {
		for range n {
			now = now.Add(gap)
			crawls = c.add(now, crawlGap, 0)
		}
		return crawls
	}
	require.False(t, units(20, 100*time.Millisecond), "that was quick")
	require.True(t, units(20, 100*time.Millisecond))
	require.False(t, units(1, crawlGap+time.Millisecond), "after a pause it begins anew")
	require.False(t, units(5, 900*time.Millisecond), "these are few")
	require.True(t, units(2, 900*time.Millisecond))
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
