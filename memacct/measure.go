package memacct

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/govern"
	"github.com/syncmem/syncmem/memacct/internal/host"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// liveHeap is what measures the heap for a refusal. Tests have others.
var liveHeap = host.LiveHeap

// measurement is what was measured for puts that were refused. Those refused at once share one, and none of them
// returns before it is done: what they want to put is alive until then, and part of the sum.
type measurement struct {
	once, pools sync.Once
	last        int64 // the last refusal that is part of the sum; 0 before it is measured; guarded by the budget's lock
	in          *snapshot
	live        int64 // heap, in bytes, after a forced garbage collection
	others      int64 // of that, content of other budgets
	sites       []Site
	loops       int64        // bytes of it that loops made
	residue     govern.Trend // when it was measured
	ended       int64        // units by then
	expected    int64        // and how many are to come in all; 0 if that is not known
	reused      bool         // it is the one before it
}

// series is refusals one after the other, as of a sync that skips what does not fit, or of a program that tries again
// and again. Guarded by the budget's lock.
type series struct {
	stood int           // measurements in a row after which nobody was let in
	last  *measurement  // the last one
	at    time.Time     // when it was measured
	took  time.Duration // and how long that took
}

const (
	// standing is how many measurements in a row must have found the same before one is used again: who is refused,
	// lets go of memory and tries again is measured each time.
	standing = 2
	// reuseFor is for how many times the time that it took a measurement is used again, so that a series of refusals
	// has the collector work for a tenth of the time, and reuseMost the longest that this may be.
	reuseFor  = 10
	reuseMost = time.Second
)

// recent is a measurement that may be used again, nil if none may.
func (s *series) recent() *measurement {
	if s.stood >= standing && host.Since(s.at) < min(reuseFor*s.took, reuseMost) {
		return s.last
	}
	return nil
}

// take takes stock for a measurement: those who are refused later need another.
func (b *Budget) take(m *measurement) {
	b.enter()
	in, dump := b.snapshotToReportLocked(false)
	m.in, m.last = in, in.sum.Counts.Refused
	b.leave()
	b.locate(m.in, dump, true)
}

// measure takes stock and measures the heap, unless that was done a moment ago.
func (b *Budget) measure(m *measurement) {
	b.refusals.measuring.Lock()
	defer b.refusals.measuring.Unlock()
	b.enter()
	old := b.refusals.series.recent()
	if old != nil {
		m.in, m.live, m.others, m.reused = old.in, old.live, old.others, true
		m.sites, m.loops, m.residue, m.ended, m.expected = old.sites, old.loops, old.residue, old.ended, old.expected
		m.last = b.core.Snapshot().Counts.Refused
	}
	b.leaveQuietly()
	if old != nil {
		return
	}
	from := time.Now()
	b.take(m)
	m.live, m.others = b.liveBeside(liveHeap)
	m.sites, m.loops = heapSites()
	b.enter()
	m.ended, m.expected = b.core.Ended(), b.arrivals.expected
	if b.gov != nil {
		m.residue = b.gov.Trend
	}
	b.refusals.series.last, b.refusals.series.at, b.refusals.series.took = m, time.Now(), time.Since(from)
	b.leaveQuietly()
}

// collectPools measures the heap of a measurement once more.
func (b *Budget) collectPools(m *measurement) {
	b.refusals.measuring.Lock()
	defer b.refusals.measuring.Unlock()
	m.live, m.others = b.liveBeside(liveHeap)
}

// addTo adds the figures to an error.
func (m *measurement) addTo(e *BudgetError) {
	in := m.in
	e.Used, e.Units, e.Limit, e.Debt = in.sum.Used, in.sum.Units, in.sum.Limit, in.sum.Debt
	e.Baseline, e.LiveHeap, e.Beside, e.Refused = in.base, m.live, m.others, in.refused.Waiters
	e.Unread = in.unread + in.refused.Unread
	e.Waiting = in.sum.Waiting + in.refused.Bytes + in.refused.Unread
	// Of what lived when the budget was opened some may be gone: what is known to be content is no part of it.
	rest := max(0, e.LiveHeap-e.Used-(e.Waiting-e.Unread)-e.Beside)
	e.Baseline = min(e.Baseline, rest)
	e.Pinned = rest - e.Baseline
	e.Accounts, e.Stuck = in.accounts, in.goroutines
	for _, a := range in.accounts {
		e.Named += a.Named
	}
	for _, q := range in.queues {
		e.Queues = append(e.Queues, q.QueueStats)
	}
	e.Top = in.top()
	if e.Pinned >= coarse {
		e.Sites, e.loops = m.sites, m.loops
	}
	e.Residue = residueOf(m.residue, m.ended, e.Pinned+e.Named, e.Baseline)
	if r := &e.Residue; m.expected > m.ended {
		r.ToCome = m.expected - m.ended
		r.Expected = r.ToCome * r.Each
	}
}

// mostTop is how many usages an error lists.
const mostTop = 10

// top lists the largest usages.
func (in *snapshot) top() []Usage {
	if in.tops == nil { // each of those refused at once has the same
		all := in.held(InHand, InQueue, Detached, Reserved, Waiting)
		in.tops = slices.Clone(all[:min(len(all), mostTop)])
	}
	return in.tops
}

// noteStood notes whether a refusal stood for which the heap was measured.
func (b *Budget) noteStood(r *refusal, stood bool) {
	b.enter()
	defer b.leaveQuietly()
	switch {
	case !stood:
		b.refusals.series = series{}
	case r.first && !r.plain && !r.m.reused:
		b.refusals.series.stood++
	}
}

// Site is a place in the program that made memory which lives.
type Site struct {
	// Where is the function, file and line: the innermost that is neither ours nor the standard library's.
	Where string
	// Bytes that live and were made there, those of units in flight included. They are estimated from the sample that
	// the runtime keeps, of one in 512 KiB by default (runtime.MemProfileRate): off by 10 % where they are 50 MiB.
	Bytes int64
	// Loop reports whether they were made in the body of a loop over a gate or a queue: by a stage, and not by the first.
	Loop bool
}

// String says how much and where.
func (s Site) String() string { return bytesize.Format(s.Bytes) + " made at " + s.Where }

// mostSites is how many an error lists.
const mostSites = 5

// heapSites are the places that made most of what lived at the end of the last collection, and how much was made in
// loops, in bytes: see stacks.HeapPlaces.
func heapSites() (top []Site, loops int64) {
	places, loops := stacks.HeapPlaces(mostSites, inLoop)
	for _, p := range places {
		top = append(top, Site{p.Where, p.Bytes, p.Loop})
	}
	return top, loops
}

// inLoop reports whether f is a loop of ours over a gate or a queue. Its function may be named below the one that it was
// inlined into; the file tells.
func inLoop(f stacks.Frame) bool {
	_, method, found := strings.Cut(f.Func, "(*line[")
	return found && stacks.Ours(f) && slices.ContainsFunc([]string{").All", ").Leases", ").Batches", ").LeaseBatches"}, func(m string) bool {
		return strings.Contains(method, m)
	})
}

// coarse is the least of what is held outside the queues, in bytes, for which sites are told: some samples of the
// runtime's.
const coarse = 4 << 20
