package govern

import "time"

// Crawl is a sync whose units get in one by one, since the budget leaves them nothing: each waits until nothing is left
// to drain, and for a forced collection that finds that the process can hold it all the same.
type Crawl struct {
	Since, Last time.Time     // when the first of its units came in, and the last
	Kept        int64         // bytes that lived beside the units when it began
	Units       int           // that came in
	gap         time.Duration // after the last, in which the next must come
	ended       int64         // units that the stages were done with when the last came in
}

// Add notes a unit, beside which so many bytes are kept, after so many others that the stages are done with. It reports
// whether that is a crawl.
func (c *Crawl) Add(now time.Time, gap time.Duration, kept, ended int64) bool {
	if ended-c.ended <= crawlBeside {
		gap = SlowGap
	}
	if now.Sub(c.Last) > gap {
		*c = Crawl{Since: now, Kept: kept}
	}
	c.Last, c.gap, c.ended = now, gap, ended
	c.Units++
	return c.is()
}

// is reports whether it has lasted long enough to be one.
func (c *Crawl) is() bool {
	return c.Units >= CrawlUnits && c.Last.Sub(c.Since) >= ThrashOver
}

// Holds reports whether it goes on: only forced collections hold the limit.
func (c *Crawl) Holds(now time.Time) bool { return c.is() && now.Sub(c.Last) <= c.gap }

// LeadsNowhere reports whether a crawl has lasted as long as all that was before it, since the budget was opened, and
// more is kept with every unit. How many are to come nobody knows: that it ends in time has become less likely than not.
func (c *Crawl) LeadsNowhere(opened time.Time, kept, process int64) bool {
	long := min(max(c.Since.Sub(opened), crawlLeast), crawlMost)
	return c.Last.Sub(c.Since) >= long && kept-c.Kept >= process/crawlGrew
}
