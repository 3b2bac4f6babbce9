package memacct

import (
	"slices"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/govern"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Stats are a budget's or an account's figures at one moment. Amounts are bytes.
type Stats struct {
	At        time.Time
	Mode      Mode   // of a budget only
	Limit     int64  // of content; what the process may use is Process
	Process   int64  // 0 when the limit is one of content
	Source    string // where the limit is from, in words
	Beside    string // what else was looked at and did not decide, in words
	Used      int64
	Peak      int64 // the most that was ever in use
	PeakLimit int64 // and what Limit was then; of a budget only
	Waiting   int64 // of the puts that wait at gates
	Debt      int64 // in use past the limit
	Units     int   // in flight
	Waiters   int   // puts that wait at gates

	// Still is how long nothing moved though units are in flight or puts wait, 0 up to Config.StallAfter; of a budget
	// only.
	Still     time.Duration
	Pressure  bool
	Overruns  int64 // units admitted past the limit by the policy
	Refused   int64 // units refused by it, of a budget only
	WouldWait int64 // in Shadow mode: puts that would have waited
	Misuse    int64 // leases ended twice, or lost
	// Growth is what an account's units are expected to weigh at most, over what they weigh at the gate; 0 if
	// the account does not ask, see [WithGrowth].
	Growth float64
	// Memory is the process's; of a budget only.
	Memory   MemoryStats
	Accounts []AccountStats // of a budget only
	Queues   []QueueStats
}

// MemoryStats are what the runtime and the kernel say about the whole process. Amounts are bytes.
type MemoryStats struct {
	Live     int64 // heap that the last collection found alive
	Baseline int64 // live heap when the budget was opened, without the content of other budgets
	// Pinned estimates what lives beside content and baseline: the median over the last collections, exact to
	// about what was admitted or released while they ran. A [BudgetError] has the exact figure.
	Pinned  int64
	Go      int64 // all that GOMEMLIMIT bounds: heap, stacks and the runtime's own
	RSS     int64 // anonymous resident memory; 0 where the kernel does not tell
	Outside int64 // of RSS, what Go does not know of: other allocators, mapped memory
	// Refilled is of RSS too: memory of the Go heap that the runtime gave back, and that huge pages made resident again.
	// It is in neither Go nor Outside.
	Refilled int64
	Cycles   int64 // collections since the start of the process
	// GCCPU is the part of all processors that the collector took from the program over the last collections.
	GCCPU     float64
	GCLimited bool // the runtime gave its memory limit up of late, to save CPU
	// Thrashing says that nothing but collecting garbage holds the limit, for some seconds already: [EventThrash] tells it
	// once, this while it lasts.
	Thrashing bool
	// SizeFactor is live bytes for each accounted byte, by how both moved over the last collections: 1.3 says
	// that sizes under-report 1.3 times. 0 is unknown: little moved, or too much at once.
	SizeFactor float64
}

// Sizes says in words what SizeFactor means, "" while it is unknown.
func (m MemoryStats) Sizes() string { return govern.SizesText(m.SizeFactor) }

// AccountStats are one account's figures. Amounts are bytes.
type AccountStats struct {
	Name                string
	Used, Peak, Waiting int64
	Named               int64       // of Used, what [Account.Charge] and [Account.Hold] charged
	Holds               []HoldStats // of Named, the holds that have something, the largest first
	Floor               int64
	Weight, Growth      float64
	Units               int
}

// QueueStats are one gate's or queue's figures. Amounts are bytes.
type QueueStats struct {
	Account, Name string
	Type          string // of its units
	Gate          bool
	Capacity      int
	Queued        int
	QueuedBytes   int64
	InHand        int // taken by a consumer and not yet released or forwarded
	InHandBytes   int64
	Parked        int           // of those in hand, the ones that wait for another unit
	Waiters       int           // puts that wait, for memory or a slot
	WaiterBytes   int64         // and what they would add
	Units         int64         // that went in so far
	Waits         int64         // puts that slept so far, for memory or a slot
	Waited        time.Duration // and for how long together, those that still sleep included
	// Growth is what units weighed here at most, of late, over what they weighed at the gate: 1 where none grew, 0
	// where none was measured again. See [WithGrowth].
	Growth  float64
	Batches BatchStats
}

// BatchStats count batches by the cause of their release.
type BatchStats struct {
	Size, Bytes, End, Awaited, Linger, Pressure int64
	Units                                       int64 // in all of them
}

// Total returns the number of batches.
func (s BatchStats) Total() int64 {
	return s.Size + s.Bytes + s.End + s.Awaited + s.Linger + s.Pressure
}

// Mean returns the mean batch in units, 0 if there was none.
func (s BatchStats) Mean() float64 {
	if s.Total() == 0 {
		return 0
	}
	return float64(s.Units) / float64(s.Total())
}

// Add returns the sums of s and o.
func (s BatchStats) Add(o BatchStats) BatchStats {
	return BatchStats{
		s.Size + o.Size, s.Bytes + o.Bytes, s.End + o.End, s.Awaited + o.Awaited,
		s.Linger + o.Linger, s.Pressure + o.Pressure, s.Units + o.Units,
	}
}

// Stats returns the figures of the whole budget. It takes the lock for a moment, and some ten microseconds in
// all: it asks the runtime and the kernel too.
func (b *Budget) Stats() Stats {
	now := b.host.ReadMemory()
	b.enter()
	defer b.leave()
	b.collectLocked()
	b.forgetLocked()
	s := stats(b.core.Snapshot())
	s.Mode, s.Process, s.Source, s.Beside = b.mode, b.source.process, b.source.from, b.source.looked
	s.Refused, s.Overruns = b.refusals.stood.Load(), s.Overruns+b.refusals.overran.Load()
	s.Misuse = b.misuse.doubleEnds.Load() + b.misuse.lost.Load()
	s.Memory = b.memoryLocked(now)
	s.Still = b.stall.still(s.At)
	for _, a := range b.owners {
		s.Accounts = append(s.Accounts, a.figuresLocked())
		s.Queues = append(s.Queues, a.queueStatsLocked()...)
	}
	return s
}

// memoryLocked is what a sample says of the process.
func (b *Budget) memoryLocked(now host.Sample) MemoryStats {
	m := MemoryStats{Live: now.Live, Baseline: b.base, Go: now.Mapped, RSS: now.RSS, Cycles: now.Cycles}
	if now.RSS > 0 {
		m.Outside = max(0, now.RSS-now.Mapped)
	}
	if g := b.gov; g != nil {
		m.Refilled = g.kernel.Refilled(now)
		m.Outside = max(0, m.Outside-m.Refilled)
		m.Pinned = max(0, g.Beside.Median()-b.base)
		m.GCCPU, m.GCLimited, m.SizeFactor = g.GC.Share, g.GC.Limited, g.Sizes.Factor()
		m.Thrashing = g.GC.Holds(now.At) || b.refusals.crawl.Holds(now.At)
	}
	return m
}

// figuresLocked are the account's.
func (a *Account) figuresLocked() AccountStats {
	c, named := a.acct.Snapshot()
	return AccountStats{
		Name: a.acct.Name, Used: c.Used, Peak: c.Peak, Waiting: c.Waiting, Named: named, Holds: a.heldLocked(),
		Floor: a.acct.Floor, Weight: a.acct.Weight, Growth: a.growth.factor, Units: c.Units,
	}
}

// Stats returns the figures of one account; Limit is the whole budget's. A nil account has none.
func (a *Account) Stats() Stats {
	if a == nil {
		return Stats{}
	}
	a.b.enter()
	defer a.b.leave()
	a.b.collectLocked()
	c, _ := a.acct.Snapshot()
	s := stats(c)
	s.Growth = a.growth.factor
	s.Queues = a.queueStatsLocked()
	return s
}

func stats(c core.Snapshot) Stats {
	return Stats{
		At: time.Now(), Limit: c.Limit, Used: c.Used, Peak: c.Peak, PeakLimit: c.PeakLimit, Waiting: c.Waiting, Debt: c.Debt, Units: c.Units, Waiters: c.Waiters,
		Pressure: c.Pressure, Overruns: c.Counts.Overruns, WouldWait: c.Counts.WouldWait,
	}
}

// queueStatsLocked are those of the queues that are there, and of those that are over, summed up by name: a queue that has
// the name of some that are over goes on with their totals.
func (a *Account) queueStatsLocked() []QueueStats {
	a.forgetLocked()
	all := slices.Clone(a.past)
	left := len(all) // of the names that are over, none was met so far
	for _, i := range a.queues {
		s := i.statsLocked()
		n := slices.IndexFunc(all[:left], func(p QueueStats) bool { return p.Name == s.Name && p.Gate == s.Gate })
		if n < 0 {
			all = append(all, s)
			continue
		}
		s = s.after(all[n])
		all = append(slices.Delete(all, n, n+1), s)
		left--
	}
	return all
}

// after is q with what happened before, in queues of the same name that are over.
func (q QueueStats) after(p QueueStats) QueueStats {
	q.Units += p.Units
	q.Waits += p.Waits
	q.Waited += p.Waited
	q.Growth = max(q.Growth, p.Growth)
	q.Batches = q.Batches.Add(p.Batches)
	return q
}

// Stats returns the queue's figures. It takes the budget's lock for a moment.
func (l *line[T]) Stats() QueueStats {
	l.b.enter()
	defer l.b.leave()
	l.b.collectLocked()
	return l.info.statsLocked()
}

// statsLocked reads a queue's figures.
func (i *queueInfo) statsLocked() QueueStats {
	c := i.q.Snapshot()
	n := c.Counts.Batches
	s := QueueStats{
		Account: i.q.Account.Name, Name: i.q.Name, Type: i.unit, Gate: i.q.Gate, Capacity: i.q.Capacity,
		Parked: c.Parked - i.shares, Waiters: c.Waiters, WaiterBytes: c.WaiterBytes, Queued: c.Queued, QueuedBytes: c.QueuedBytes,
		InHand: c.InHand, InHandBytes: c.InHandSize, Units: c.Counts.Units, Growth: i.growth,
		Batches: BatchStats{
			Size: n[core.BySize], Bytes: n[core.ByBytes], End: n[core.ByEnd], Awaited: n[core.ByAwaited],
			Linger: n[core.ByLinger], Pressure: n[core.ByPressure], Units: c.Counts.Batched,
		},
	}
	s.Waits, s.Waited = i.waits.read()
	return s
}

// NamedText is what is charged by name, with the names of the holds: "40.0 MiB (results 38.0 MiB)".
func (s AccountStats) NamedText() string {
	f := bytesize.Format
	if len(s.Holds) == 0 {
		return f(s.Named)
	}
	var all []string
	for _, h := range s.Holds {
		all = append(all, h.Name+" "+f(h.Bytes))
	}
	return f(s.Named) + " (" + strings.Join(all, ", ") + ")"
}
