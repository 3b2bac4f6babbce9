package govern

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Units that get in one by one for some seconds are a warning; a few are none, and after a pause they begin anew.
func TestACrawl(t *testing.T) {
	var c Crawl
	now := time.Now()
	ended, others := int64(0), int64(10)
	units := func(n int, gap time.Duration) (crawls bool) {
		for range n {
			now = now.Add(gap)
			ended += 1 + others
			crawls = c.Add(now, CrawlGap, 0, ended)
		}
		return crawls
	}
	require.False(t, units(20, 100*time.Millisecond), "that was quick")
	require.True(t, units(20, 100*time.Millisecond))
	require.False(t, units(1, CrawlGap+time.Millisecond), "after a pause it begins anew")
	require.False(t, units(5, 900*time.Millisecond), "these are few")
	require.True(t, units(2, 900*time.Millisecond))
	others = 0
	require.True(t, units(2, 5*time.Second), "where nothing else gets in it goes on, though it is slow")
	require.True(t, c.Holds(now.Add(5*time.Second)))
	require.False(t, c.Holds(now.Add(11*time.Second)))
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
		crawls := Crawl{Since: since, Last: since.Add(c.lasts), Kept: 50 * mib}
		require.Equal(t, c.want, crawls.LeadsNowhere(opened, 50*mib+c.grew, process), name)
	}
}
