package memacct

import (
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Stats are a budget's or an account's figures at one moment. Amounts are bytes.
type Stats struct {
	Limit   int64  // of content; what the process may use is Process
	Process int64  // 0 when the limit is one of content
	Source  string // where the limit is from, in words
	Used    int64
	Peak    int64 // the most that was ever in use
	Waiting int64 // of the puts that wait at gates
	Debt    int64 // in use past the limit
	Units   int   // in flight
	Waiters int   // puts that wait at gates

	Pressure  bool
	Overruns  int64 // units admitted past the limit by the policy
	Refused   int64 // units refused by it
	WouldWait int64 // in Shadow mode: puts that would have waited
	Misuse    int64 // leases ended twice, or lost
	// Growth is what an account's units are expected to weigh at most, over what they weigh at the gate; 0 if
	// the account does not ask, see [WithGrowth].
	Growth float64
	Queues []QueueStats
}

// QueueStats are one gate's or queue's figures. Amounts are bytes.
type QueueStats struct {
	Account, Name string
	Gate          bool
	Queued        int
	QueuedBytes   int64
	InHand        int // taken by a consumer and not yet released or forwarded
	InHandBytes   int64
	Units         int64         // that went in so far
	Waits         int64         // puts that slept so far, for memory or a slot
	Waited        time.Duration // and for how long together
	Batches       BatchStats
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

// Stats returns the figures of the whole budget. It takes the lock for a moment.
func (b *Budget) Stats() Stats {
	b.mu.Lock()
	defer b.unlock()
	b.collect()
	b.forget()
	s := stats(b.core.Snapshot())
	s.Process, s.Source = b.source.process, b.source.from
	s.Misuse = b.misuse.doubleEnds.Load() + b.misuse.lost.Load()
	for _, a := range b.owners {
		s.Queues = append(s.Queues, a.queueStats()...)
	}
	return s
}

// Stats returns the figures of one account; Limit is the whole budget's. A nil account has none.
func (a *Account) Stats() Stats {
	if a == nil {
		return Stats{}
	}
	a.b.mu.Lock()
	defer a.b.unlock()
	a.b.collect()
	c, _ := a.acct.Snapshot()
	s := stats(c)
	s.Growth = a.growth.factor
	s.Queues = a.queueStats()
	return s
}

func stats(c core.Snapshot) Stats {
	return Stats{
		Limit: c.Limit, Used: c.Used, Peak: c.Peak, Waiting: c.Waiting, Debt: c.Debt, Units: c.Units, Waiters: c.Waiters,
		Pressure: c.Pressure, Overruns: c.Counts.Overruns, Refused: c.Counts.Refused, WouldWait: c.Counts.WouldWait,
	}
}

func (a *Account) queueStats() []QueueStats {
	var all []QueueStats
	for _, i := range a.queues {
		all = append(all, i.stats())
	}
	return all
}

// Stats returns the queue's figures. It takes the budget's lock for a moment.
func (l *line[T]) Stats() QueueStats {
	l.b.mu.Lock()
	defer l.b.unlock()
	l.b.collect()
	return l.info.stats()
}

// stats reads a queue's figures. The lock is held.
func (i *queueInfo) stats() QueueStats {
	c := i.q.Snapshot()
	n := c.Counts.Batches
	s := QueueStats{
		Account: i.q.Account.Name, Name: i.q.Name, Gate: i.q.Gate, Queued: c.Queued, QueuedBytes: c.QueuedBytes,
		InHand: c.InHand, InHandBytes: c.InHandSize, Units: c.Counts.Units,
		Batches: BatchStats{
			Size: n[core.BySize], Bytes: n[core.ByBytes], End: n[core.ByEnd], Awaited: n[core.ByAwaited],
			Linger: n[core.ByLinger], Pressure: n[core.ByPressure], Units: c.Counts.Batched,
		},
	}
	s.Waits, s.Waited = i.waits()
	return s
}

// leaks is the error for a budget that still has units.
func (b *Budget) leaks() error {
	s := b.Stats()
	if s.Units == 0 && s.Used == 0 {
		return nil
	}
	e := &LeakError{Units: s.Units, Bytes: s.Used, Charges: b.charges()}
	for _, q := range s.Queues {
		if q.Queued+q.InHand > 0 {
			e.Holders = append(e.Holders, q)
		}
	}
	return e
}

// charges returns the bytes charged by name that were not given back, by account; nil if there are none.
func (b *Budget) charges() (all map[string]int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.owners {
		if _, n := a.acct.Snapshot(); n > 0 {
			if all == nil {
				all = map[string]int64{}
			}
			all[a.acct.Name] += n
		}
	}
	return all
}
