package memacct

import (
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/govern"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// liveHeap is what measures the heap for a verdict. Tests have others.
var liveHeap = host.LiveHeap

// verdict is what was measured for puts that were refused. Those refused at once share one, and none of them
// returns before it is measured: what they want to put is alive until then, and part of the sum.
type verdict struct {
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
	reused      bool         // it is what the verdict before it measured
}

// series is refusals one after the other, as of a sync that skips what does not fit, or of a program that tries again
// and again. Guarded by the budget's lock.
type series struct {
	stood int           // measurements in a row after which nobody was let in
	last  *verdict      // the last one
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
func (s *series) recent() *verdict {
	if s.stood >= standing && host.Since(s.at) < min(reuseFor*s.took, reuseMost) {
		return s.last
	}
	return nil
}

// refusal is the error for a waiter that the core refused; explain completes it. The lock is held.
func (b *Budget) refusal(w *core.Waiter) error {
	if w.Reason == core.Closed {
		return atQueue(w.Queue, ErrClosed)
	}
	if b.verdict == nil || b.verdict.last > 0 && b.verdict.last < w.Nth {
		b.verdict = new(verdict)
	}
	s, a := b.core.Snapshot(), w.Queue.Account
	e := &BudgetError{
		Account: a.Name, Queue: w.Queue.Name, Item: w.Held + w.Bytes, Held: w.Held, Floors: a.Kept(), acct: weak.Make(a), fits: a.Fits(w.Bytes),
		verdict: b.verdict, unread: w.NoSlot, building: w.Grows, Overrun: b.policy.overrun, slot: w.Slot,
	}
	switch {
	case w.Reason == core.Stalled:
		e.Reason = Stalled
	case w.Held+w.Bytes > s.Limit:
		e.Reason = TooLarge // blame may know better
		e.plain = b.gov == nil || !b.gov.steers
	case e.Floors > 0 && w.Bytes <= s.Limit-s.Used:
		e.Reason = Floors
	case b.named() > 0 && w.Bytes <= s.Limit-s.Used+b.named():
		e.Reason = Charged
	default:
		e.Reason = Pinned
	}
	return e
}

// named is what Account.Charge booked, in bytes. The lock is held.
func (b *Budget) named() (bytes int64) {
	for _, a := range b.owners {
		_, n := a.acct.Snapshot()
		bytes += n
	}
	return bytes
}

// explain completes the refusal of w. Where the heap has a part in it, it is measured: that forces a garbage
// collection, and so must run outside the lock.
func (b *Budget) explain(e *BudgetError, w *core.Waiter) {
	v := e.verdict
	if e.plain {
		v, e.first = new(verdict), true
		b.take(v)
	} else {
		v.once.Do(func() {
			e.first = true
			b.measure(v)
		})
	}
	b.tell(e, v)
	if e.Need > e.Process+e.Overrun && !v.reused { // refused but for what a sync.Pool holds: that survives one collection
		v.pools.Do(func() { b.collectPools(v) })
		b.tell(e, v)
	}
	e.verdict, e.reused = nil, v.reused
	b.measuring.Lock() // nobody lets go of a unit while another verdict counts it
	b.enter()
	b.core.Told(w)
	if b.core.Turned.Waiters == 0 {
		b.verdict = nil
	}
	b.leaveQuietly()
	b.measuring.Unlock()
}

// tell completes the error with a verdict.
func (b *Budget) tell(e *BudgetError, v *verdict) {
	b.measuring.Lock() // pools may be collected for another one
	e.tell(v.in, v.live, v.others)
	if e.Pinned >= coarse {
		e.Sites, e.loops = v.sites, v.loops
	}
	e.Residue = residueOf(v.residue, v.ended, e.Pinned+e.Named, e.Baseline)
	if r := &e.Residue; v.expected > v.ended {
		r.ToCome = v.expected - v.ended
		r.Expected = r.ToCome * r.Each
	}
	b.measuring.Unlock()
	b.blame(e)
}

// take takes stock for a verdict: those who are refused later need another.
func (b *Budget) take(v *verdict) {
	b.enter()
	in, dump := b.snapshotToReportLocked(false)
	v.in, v.last = in, in.sum.Counts.Refused
	b.leave()
	b.locate(v.in, dump, true)
}

// measure takes stock and measures the heap, unless that was done a moment ago.
func (b *Budget) measure(v *verdict) {
	b.measuring.Lock()
	defer b.measuring.Unlock()
	b.enter()
	old := b.series.recent()
	if old != nil {
		v.in, v.live, v.others, v.reused = old.in, old.live, old.others, true
		v.sites, v.loops, v.residue, v.ended, v.expected = old.sites, old.loops, old.residue, old.ended, old.expected
		v.last = b.core.Snapshot().Counts.Refused
	}
	b.leaveQuietly()
	if old != nil {
		return
	}
	from := time.Now()
	b.take(v)
	v.live, v.others = b.liveBeside(liveHeap)
	v.sites, v.loops = heapSites()
	b.enter()
	v.ended, v.expected = b.core.Ended(), b.expected
	if b.gov != nil {
		v.residue = b.gov.Trend
	}
	b.series.last, b.series.at, b.series.took = v, time.Now(), time.Since(from)
	b.leaveQuietly()
}

// collectPools measures the heap of a verdict once more.
func (b *Budget) collectPools(v *verdict) {
	b.measuring.Lock()
	defer b.measuring.Unlock()
	v.live, v.others = b.liveBeside(liveHeap)
}

// tell takes over the figures of a verdict.
func (e *BudgetError) tell(in *snapshot, live, others int64) {
	e.Used, e.Units, e.Limit, e.Debt = in.sum.Used, in.sum.Units, in.sum.Limit, in.sum.Debt
	e.Baseline, e.LiveHeap, e.Beside, e.Refused = in.base, live, others, in.turned.Waiters
	e.Named, e.Queues = 0, nil
	e.Unread = in.unread + in.turned.Unread
	e.Waiting = in.sum.Waiting + in.turned.Bytes + in.turned.Unread
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

// blame adds what a process limit makes of a refusal. Such a budget is cut when something else takes the
// memory, so that its size alone does not tell who is to blame.
func (b *Budget) blame(e *BudgetError) {
	b.enter()
	g := b.gov
	b.leaveQuietly()
	if g == nil || !g.steers {
		return
	}
	now := g.read()
	kernel := g.kernel.Read(true, now.RSS)
	b.enter()
	defer b.leaveQuietly()
	e.from, e.files, e.code, e.Outside = b.source.from, max(0, g.Process-kernel.Room), kernel.Code, g.Beyond(now)
	e.most, e.wall = b.host.Ceiling(kernel.Walls)
	alive := e.LiveHeap
	if e.unread {
		alive += e.wanted()
	} else { // of a measurement that is used again: it had other units
		alive += max(0, e.wanted()-(e.Waiting-e.Unread))
	}
	// A unit weighs what its size function says, also where the heap does not show it: it may lie outside.
	e.Process, e.Need = g.Process, g.Need(now, max(alive, e.Used+e.wanted()))
	if e.Reason == TooLarge && e.Item <= e.Process && e.Pinned+e.Outside > e.Item {
		e.Reason = Pinned
	}
}

// again tells whether a put or a reservation that failed is to be tried once more. A refusal that stands
// becomes an event.
func (b *Budget) again(err error) bool {
	e, refused := err.(*BudgetError)
	if !refused {
		return false
	}
	past, yes := b.reconsider(e)
	yes = yes && !b.tellCrawl(e)
	b.stands(e, !yes)
	if yes {
		if past > 0 {
			b.overran.Add(1)
			b.overrun(e.Account, e.Queue, e.Item, past)
		}
		return true
	}
	b.refused.Add(1)
	told := e.event()
	if e.first {
		b.emitOnce(string(e.Reason), told)
	} else { // the report of the others says the same
		b.passOver(string(e.Reason), told)
	}
	return false
}

// stands notes whether a refusal stood for which the heap was measured.
func (b *Budget) stands(e *BudgetError, stood bool) {
	b.enter()
	defer b.leaveQuietly()
	switch {
	case !stood:
		b.series = series{}
	case e.first && !e.plain && !e.reused:
		b.series.stood++
	}
}
