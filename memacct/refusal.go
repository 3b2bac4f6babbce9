package memacct

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/govern"
)

// refusals is what a budget knows of the puts and reservations that failed for want of memory.
type refusals struct {
	stood   atomic.Int64 // that were not let in after all
	overran atomic.Int64 // units admitted past a process limit instead; those past one of content the core counts

	measuring sync.Mutex   // held while the process is measured for one; taken before the budget's
	measured  *measurement // for those who were refused last; nil once all of them were told; this and the rest is guarded by the budget's lock
	series    series
	crawl     govern.Crawl
}

// refusal is a put, a reservation or a unit on its way that the core refused, and why. It passes as an error from where
// somebody waited up to again, which decides whether it stands and makes the error of it: nobody else sees one.
type refusal struct {
	w      core.Waiter // as it was refused
	reason Reason      // addProcess may know better
	floors int64       // of the limit, what the floors of other accounts keep free
	fits   int64       // the budget at which it fits beside them
	plain  bool        // the heap has no part in it
	m      *measurement
	first  bool  // of those that share the measurement
	past   int64 // how far past the process limit the policy lets it, and no cgroup keeps it from
	code   int64 // what the program's own code needs beside that
}

// Error is there for a refusal to be passed on.
func (r *refusal) Error() string { return string(r.reason) }

// refusedLocked is why the core refused w.
func (b *Budget) refusedLocked(w *core.Waiter) error {
	if w.Reason == core.Closed {
		return atQueue(w.Queue, ErrClosed)
	}
	if b.refusals.measured == nil || b.refusals.measured.last > 0 && b.refusals.measured.last < w.Nth {
		b.refusals.measured = new(measurement)
	}
	s, a := b.core.Snapshot(), w.Queue.Account
	r := &refusal{w: *w, floors: a.Kept(), fits: a.Fits(w.Bytes), m: b.refusals.measured}
	switch named := b.namedLocked(); {
	case w.Reason == core.Stalled:
		r.reason = Stalled
	case w.Held+w.Bytes > s.Limit:
		r.reason = TooLarge
		r.plain = b.gov == nil || !b.gov.steers
	case r.floors > 0 && w.Bytes <= s.Limit-s.Used:
		r.reason = Floors
	case named > 0 && w.Bytes <= s.Limit-s.Used+named:
		r.reason = Charged
	default:
		r.reason = Pinned
	}
	return r
}

// namedLocked is what Account.Charge charged, in bytes.
func (b *Budget) namedLocked() (bytes int64) {
	for _, a := range b.owners {
		_, n := a.acct.Snapshot()
		bytes += n
	}
	return bytes
}

// again decides what becomes of a put that failed. It reports whether that is to be tried once more; else err is what it
// fails with. A refusal that stands becomes an event, but for one of a unit that was in already.
func (b *Budget) again(err error) (bool, error) {
	r, refused := err.(*refusal)
	if !refused {
		return false, err
	}
	e := b.explain(r)
	if r.w.Carried {
		return false, e
	}
	past, yes := b.reconsider(r, e)
	yes = yes && !b.tellCrawl(r, e)
	b.noteStood(r, !yes)
	if yes {
		if past > 0 {
			b.refusals.overran.Add(1)
			b.overrun(e.Account, e.Queue, e.Item, past)
		}
		return true, nil
	}
	b.refusals.stood.Add(1)
	told := e.event()
	if r.first {
		b.emitOnce(string(e.Reason), told)
	} else { // the report of the others says the same
		b.passOver(string(e.Reason), told)
	}
	return false, e
}

// reconsider looks again at a unit that was refused though nothing moves, now that a collection has told exactly what
// lives: the unit itself among it. It raises the budget, and reports so, if the process can hold the unit after all,
// or with no more than the policy allows past its limit: the budget is cut by estimates, and nobody must fail for one,
// or run over by one. What it gave stays for a moment, unless a collection finds that it was too much: for the unit
// itself, which is not in yet, and for others like it, since each one asks for a forced collection otherwise.
func (b *Budget) reconsider(r *refusal, e *BudgetError) (past int64, yes bool) {
	b.enter()
	defer b.leave()
	g := b.gov
	if !r.w.Slot && r.w.Queue.Account.Room(r.w.Bytes) {
		return 0, true // a limit was raised meanwhile, or somebody let go
	}
	if g == nil || !g.steers || r.w.Slot || e.Need-g.Process > r.past {
		return 0, false
	}
	if r.w.Grows && r.left(e) < 0 {
		return 0, false
	}
	s := b.core.Snapshot()
	others := s.Units
	if r.w.Grows {
		others-- // that is the one refused
	}
	if others > 0 && e.Reason != Stalled {
		return 0, true // somebody came in meanwhile, and there is something to wait for
	}
	fits := r.fits + r.further(e)
	g.let, g.letAt, g.builds = fits-s.Named, time.Now(), r.w.Grows
	b.core.SetLimit(max(s.Limit, fits))
	return max(0, e.Need-g.Process), true
}

// further is by how much a unit that is being built may grow beyond what it asks for: each step would ask for a forced
// collection otherwise. It is a quarter of what it has, and half of what the process has left at most.
func (r *refusal) further(e *BudgetError) int64 {
	if !r.w.Grows {
		return 0
	}
	return max(0, min(e.Held/4, r.left(e)/2))
}

// left is what the process has left for a unit that is being built, which will want more: a quarter of it stays free
// for what files need of a cgroup and for the collector, or the kernel ends the process before the next measurement. What
// the policy lets a unit run over comes on top, as far as there is a cgroup's room for it.
func (r *refusal) left(e *BudgetError) int64 {
	return e.Process - e.Process/4 + r.past - e.Need
}

// explain is the error of a refusal. Where the heap has a part in it, it is measured: that forces a garbage
// collection, and so must run outside the lock.
func (b *Budget) explain(r *refusal) *BudgetError {
	if r.plain {
		r.m, r.first = new(measurement), true
		b.take(r.m)
	} else {
		r.m.once.Do(func() {
			r.first = true
			b.measure(r.m)
		})
	}
	e := b.errorOf(r)
	if e.Need > e.Process+r.past && !r.m.reused { // but for what a sync.Pool holds: that survives one collection
		r.m.pools.Do(func() { b.collectPools(r.m) })
		e = b.errorOf(r)
	}
	b.refusals.measuring.Lock() // nobody lets go of a unit while another measurement counts it
	b.enter()
	b.core.Told(&r.w)
	if b.core.Refused.Waiters == 0 {
		b.refusals.measured = nil
	}
	b.leaveQuietly()
	b.refusals.measuring.Unlock()
	return e
}

// errorOf puts the error together.
func (b *Budget) errorOf(r *refusal) *BudgetError {
	w := &r.w
	e := &BudgetError{
		Reason: r.reason, Account: w.Queue.Account.Name, Queue: w.Queue.Name, Item: w.Held + w.Bytes, Held: w.Held,
		Floors: r.floors, Overrun: b.policy.overrun, building: w.Grows, slot: w.Slot,
	}
	b.refusals.measuring.Lock() // pools may be collected for another one
	r.m.addTo(e)
	b.refusals.measuring.Unlock()
	b.addProcess(e, r)
	return e
}

// addProcess adds what a process limit makes of a refusal. Such a budget is cut when something else takes the
// memory, so that its size alone does not tell who is to blame.
func (b *Budget) addProcess(e *BudgetError, r *refusal) {
	b.enter()
	g := b.gov
	b.leaveQuietly()
	if g == nil || !g.steers {
		return
	}
	now := g.read()
	kernel := g.kernel.Read(true, now.RSS)
	b.enter()
	e.from, e.files, r.code, e.Outside = b.source.from, max(0, g.Process-kernel.Room), kernel.Code, g.Beyond(now)
	e.most, e.wall = b.host.Ceiling(kernel.Walls)
	alive := e.LiveHeap
	if r.w.NoSlot {
		alive += r.w.Bytes
	} else { // of a measurement that is used again: it had other units
		alive += max(0, r.w.Bytes-(e.Waiting-e.Unread))
	}
	// A unit weighs what its size function says, also where the heap does not show it: it may lie outside.
	e.Process, e.Need = g.Process, g.Need(now, max(alive, e.Used+r.w.Bytes))
	r.past = max(0, min(b.policy.overrun, e.most-e.Process))
	if e.Reason == TooLarge && e.Item <= e.Process && e.Pinned+e.Outside > e.Item {
		e.Reason = Pinned
	}
	needsCode := g.NeedsCode(kernel, e.Need+r.further(e))
	b.leaveQuietly()
	if needsCode { // before the unit is let in
		b.letCodeGo(g, e.Process)
	}
}

// tellCrawl notes that a unit is to be let in after all, and warns of a crawl. It reports whether the sync will not get
// through all the same: then it is refused now, and not after minutes of that. So is one that could go on only at the
// expense of the program's own code, which the kernel drops for the heap: it would not crawl then, but stand.
func (b *Budget) tellCrawl(r *refusal, e *BudgetError) (bound bool) {
	if e.Process == 0 {
		return false // its limit was just raised
	}
	gap := govern.CrawlGap
	if r.w.Grows {
		gap = govern.SlowGap
	}
	kept := e.Pinned + e.Named
	b.enter()
	crawls := b.refusals.crawl.Add(time.Now(), gap, kept, b.core.Ended())
	c := b.refusals.crawl
	b.leaveQuietly()
	if !crawls {
		return false
	}
	// Nobody knows how much of it is to come, and each step would take a collection. But where it could become twice as
	// large it is a busy machine, on which the collector takes its time, that keeps the budget small.
	if r.w.Grows && r.past == 0 && r.left(e) < e.Held {
		return true
	}
	if e.Residue.Bytes > 0 && e.Need+r.code > e.Process+r.past {
		return true
	}
	if e.Residue.Expected > 0 && e.Need+e.Residue.Expected > e.Process+e.Process/govern.Looseness+r.past { // by more than the estimate is off
		e.Reason = Growing
		return true
	}
	if e.Residue.ToCome == 0 && c.LeadsNowhere(b.opened, kept, e.Process) {
		e.Reason, e.grew, e.crawled = Growing, kept-c.Kept, c.Last.Sub(c.Since)
		return true
	}
	b.emitOnce("crawl", Event{Kind: EventThrash, Account: e.Account, Queue: e.Queue, Bytes: e.Process, Text: fmt.Sprintf(
		"the limit of %s is held only by letting units in one by one, each after a forced collection: the budget for content is %s; heap %s live after GC = %s. Keep less beside the content, or %s.",
		bytesize.Format(e.Process), bytesize.Format(e.Limit), bytesize.Format(e.LiveHeap), e.sum(), e.raise())})
	return false
}
