package memacct

import (
	"fmt"
	"runtime"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Where thrashing begins and ends: the part of all processors that collecting takes. Marking takes a quarter
// of them while it runs; so above this one a collection is nearly always under way, or the program has to help.
const (
	thrashFrom = 0.25
	thrashEnd  = 0.15
	// thrashOver is how long it must go on: every program collects much for a moment, when it starts.
	thrashOver = 3 * time.Second
)

// gcShare is how much of the processors the collector took of late.
type gcShare struct {
	at      [16]time.Time // of the last collections
	cpu     [16]float64   // seconds it had taken by then
	n       int
	share   float64
	since   time.Time // when it began to be much; zero if it is not
	told    bool
	toldAt  time.Time
	limited bool  // the runtime gave the limit up of late
	limiter int64 // last collection in which it did
	until   int64 // collection up to which that counts as of late
	first   parts // where memory went that is not content, at the first reading
}

// add takes the readings after a collection.
func (s *gcShare) add(now host.Sample) {
	i := s.n % len(s.at)
	first := 0 // the oldest reading kept
	if s.n >= len(s.at) {
		first = i
	}
	if s.n > 0 {
		if d := now.At.Sub(s.at[first]).Seconds(); d > 0 {
			s.share = (now.GCCPU - s.cpu[first]) / d / float64(runtime.GOMAXPROCS(0))
		}
		if now.Limiter > s.limiter {
			s.until = now.Cycles + int64(len(s.at))
		}
	}
	if s.n == 0 {
		s.first = partsOf(now, 0, 0) // what lives beside the content is known later
	}
	s.limiter, s.limited = now.Limiter, now.Cycles < s.until
	s.at[i], s.cpu[i] = now.At, now.GCCPU
	s.n++
}

// thrash is the warning that the limit is held only because the collector runs nearly all the time, once an
// onset. Where no memory limit hurries the collector more than the law of the governor does, which fills a higher limit
// with more content, it is the program that allocates much, and no higher limit would help.
func (g *governor) thrash(now host.Sample) (Event, bool) {
	s := &g.gc
	hurried := float64(now.Goal) < 0.9*float64(now.Live)*min(limitedGrowth, 1+host.GOGC()/100)
	much := (s.share > thrashFrom || s.limited) && hurried
	if much && s.since.IsZero() {
		s.since = now.At
	}
	switch {
	case s.share < thrashEnd && !s.limited || !hurried:
		s.since, s.told = time.Time{}, false
	case much && !s.told && (now.At.Sub(s.since) >= thrashOver || s.limited) && (s.toldAt.IsZero() || now.At.Sub(s.toldAt) >= tellEvery):
		s.told, s.toldAt = true, now.At
		how := fmt.Sprintf("by collecting garbage nearly all the time: %.0f%% of all CPU goes there", 100*s.share)
		if s.share <= thrashFrom { // of late; the runtime looks at shorter times
			how = "for now: collecting garbage took half of the processor, and so the Go runtime let its memory limit go for a moment"
		}
		return Event{Kind: EventThrash, Bytes: g.process, Text: fmt.Sprintf(
			"the limit of %s is held only %s, with %s of a heap of %s alive%s; raise the limit to %s or more",
			bytesize.Format(g.process), how, bytesize.Format(now.Live), bytesize.Format(now.Goal),
			g.parts(now).text(s.first, g.process), bytesize.Format(g.roomy(now)))}, true
	}
	return Event{}, false
}

// roomy is the process limit at which collecting would take a tolerable part. What it takes is in inverse
// proportion to the room that the heap has to grow between collections, and GOGC's is the most of that.
func (g *governor) roomy(now host.Sample) int64 {
	room := max(now.Goal-now.Live, bytesize.MiB)
	want := int64(float64(room) * max(1.2, g.gc.share/thrashEnd))
	most := int64(float64(now.Live) * host.GOGC() / 100)
	return g.process + max(min(want, most)-room, g.process/10)
}

// crawl is a sync whose units get in one by one, since the budget leaves them nothing: each waits until nothing is left
// to drain, and for a forced collection that finds that the process can hold it all the same.
type crawl struct {
	since, last time.Time
	units       int
}

// It is told once so many have come in, in thrashOver or more, and none later than crawlGap after the one before.
const (
	crawlUnits = 8
	crawlGap   = time.Second
)

// add notes a unit, and tells whether that is a crawl.
func (c *crawl) add(now time.Time) bool {
	if now.Sub(c.last) > crawlGap {
		*c = crawl{since: now}
	}
	c.last = now
	c.units++
	return c.units >= crawlUnits && now.Sub(c.since) >= thrashOver
}

// tellCrawl notes that a unit is to be let in after all, and warns of a crawl. It reports whether the sync will not get
// through all the same: then it is refused now, and not after minutes of that.
func (b *Budget) tellCrawl(e *BudgetError) (bound bool) {
	if e.Process == 0 {
		return false // its limit was just raised
	}
	b.lock()
	crawls := b.crawl.add(time.Now())
	b.unlockQuiet()
	if !crawls {
		return false
	}
	if e.Residue.Expected > 0 && e.Need+e.Residue.Expected > e.Process+e.Process/looseness+e.Overrun { // by more than the estimate is off
		e.Reason = Growing
		return true
	}
	b.emitOnce("crawl", Event{Kind: EventThrash, Account: e.Account, Queue: e.Queue, Bytes: e.Process, Text: fmt.Sprintf(
		"the limit of %s is held only by letting units in one by one, each after a forced collection: the budget for content is %s; heap %s live after GC = %s. Keep less beside the content, or %s.",
		bytesize.Format(e.Process), bytesize.Format(e.Limit), bytesize.Format(e.LiveHeap), e.sum(), e.raise())})
	return false
}
