package memacct

import (
	"fmt"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// smallStart is the part of what is held that is no more than the error of what was there before the first unit ended.
const smallStart = 8

// residueOf is what is told of bytes that are no content, measured when so many units had ended beside a baseline.
func residueOf(r govern.Trend, units, pinned, baseline int64) Residue {
	each, before := r.Fit()
	if each <= 0 || units == 0 {
		return Residue{}
	}
	bytes := pinned
	if start := int64(before) - baseline; start > pinned/smallStart {
		bytes -= start
	}
	if bytes < pinned/leastResidue {
		return Residue{}
	}
	return Residue{Units: units, Each: bytes / units, Bytes: bytes}
}

// leastResidue is the part of what is held outside the queues that finished units must have left behind to be told.
const leastResidue = 4

// Expect says how many units are to come through g in all, as the header of an index may tell; 0 is unknown. It is for
// reports: where units leave something behind when they end, an error says what the rest will leave. It may be called
// again with a better number, and by several goroutines.
func (g *Gate[T]) Expect(units int64) {
	if g.b == nil {
		return
	}
	g.b.enter()
	defer g.b.leaveQuietly()
	g.b.arrivals.expected += max(0, units) - g.units
	g.units = max(0, units)
}

// toCome is how many units are to come, as far as that was said. The lock is held.
func (b *Budget) toCome() int64 { return b.arrivals.expected - b.core.Ended() }

// Residue is what the units that ended have left behind. All amounts are bytes.
type Residue struct {
	Units    int64 // that ended
	Each     int64 // that one of them leaves behind, about
	Bytes    int64 // that all of them have left behind: no more than what is pinned and what is charged by name
	ToCome   int64 // units that are still to come, as [Gate.Expect] said; 0 if that is not known
	Expected int64 // bytes that those will leave behind
}

// String says it in a sentence's part.
func (r Residue) String() string {
	f := bytesize.Format
	return fmt.Sprintf("each finished unit leaves about %s behind: %s, %s", f(r.Each), text.Count(r.Units, "unit"), f(r.Bytes))
}

// crawl is a sync whose units get in one by one, since the budget leaves them nothing: each waits until nothing is left
// to drain, and for a forced collection that finds that the process can hold it all the same.
type crawl struct {
	since, last time.Time
	gap         time.Duration // after the last, in which the next must come
	ended       int64         // units that the stages were done with when the last came in
	units       int
	kept        int64 // bytes that lived beside the units when it began
}

// It is told once so many have come in, in govern.ThrashOver or more, and none later than a gap after the one before.
const (
	crawlUnits = 8
	crawlGap   = time.Second
	// slowGap is the same where nothing else got in meanwhile, but for crawlBeside units, and for the steps of a unit that is
	// being built: where the kernel drops the program's own code, or one unit has nearly all of a process, a collection
	// alone may take longer than a second.
	slowGap     = 10 * time.Second
	crawlBeside = 2
	// crawlGrew is the inverse of the part of a process limit that what is kept must have grown by for a crawl to lead
	// nowhere, and it must have lasted as long as the sync did before it: between crawlLeast, for who begins with it, and
	// crawlMost, for a budget that was open long before.
	crawlGrew  = 32
	crawlLeast = 10 * time.Second
	crawlMost  = time.Minute
)

// add notes a unit, beside which so many bytes are kept, after so many others that the stages are done with. It reports
// whether that is a crawl.
func (c *crawl) add(now time.Time, gap time.Duration, kept, ended int64) bool {
	if ended-c.ended <= crawlBeside {
		gap = slowGap
	}
	if now.Sub(c.last) > gap {
		*c = crawl{since: now, kept: kept}
	}
	c.last, c.gap, c.ended = now, gap, ended
	c.units++
	return c.is()
}

// is reports whether it has lasted long enough to be one.
func (c *crawl) is() bool {
	return c.units >= crawlUnits && c.last.Sub(c.since) >= govern.ThrashOver
}

// holds reports whether it goes on: only forced collections hold the limit.
func (c *crawl) holds(now time.Time) bool { return c.is() && now.Sub(c.last) <= c.gap }

// leadsNowhere reports whether a crawl has lasted as long as all that was before it, since the budget was opened, and
// more is kept with every unit. How many are to come nobody knows: that it ends in time has become less likely than not.
func (c *crawl) leadsNowhere(opened time.Time, kept, process int64) bool {
	long := min(max(c.since.Sub(opened), crawlLeast), crawlMost)
	return c.last.Sub(c.since) >= long && kept-c.kept >= process/crawlGrew
}

// tellCrawl notes that a unit is to be let in after all, and warns of a crawl. It reports whether the sync will not get
// through all the same: then it is refused now, and not after minutes of that. So is one that could go on only at the
// expense of the program's own code, which the kernel drops for the heap: it would not crawl then, but stand.
func (b *Budget) tellCrawl(e *BudgetError) (bound bool) {
	if e.Process == 0 {
		return false // its limit was just raised
	}
	gap := crawlGap
	if e.building {
		gap = slowGap
	}
	kept := e.Pinned + e.Named
	b.enter()
	crawls := b.refusals.crawl.add(time.Now(), gap, kept, b.core.Ended())
	c := b.refusals.crawl
	b.leaveQuietly()
	if !crawls {
		return false
	}
	// Nobody knows how much of it is to come, and each step would take a collection. But where it could become twice as
	// large it is a busy machine, on which the collector takes its time, that keeps the budget small.
	if e.building && e.past == 0 && b.left(e) < e.Held {
		return true
	}
	if e.Residue.Bytes > 0 && e.Need+e.code > e.Process+e.past {
		return true
	}
	if e.Residue.Expected > 0 && e.Need+e.Residue.Expected > e.Process+e.Process/govern.Looseness+e.past { // by more than the estimate is off
		e.Reason = Growing
		return true
	}
	if e.Residue.ToCome == 0 && c.leadsNowhere(b.opened, kept, e.Process) {
		e.Reason, e.grew, e.crawled = Growing, kept-c.kept, c.last.Sub(c.since)
		return true
	}
	b.emitOnce("crawl", Event{Kind: EventThrash, Account: e.Account, Queue: e.Queue, Bytes: e.Process, Text: fmt.Sprintf(
		"the limit of %s is held only by letting units in one by one, each after a forced collection: the budget for content is %s; heap %s live after GC = %s. Keep less beside the content, or %s.",
		bytesize.Format(e.Process), bytesize.Format(e.Limit), bytesize.Format(e.LiveHeap), e.sum(), e.raise())})
	return false
}
