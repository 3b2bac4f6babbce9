package memacct

import (
	"runtime"
	"slices"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// snapshot is what a budget holds at one moment, for reports.
type snapshot struct {
	at       time.Time
	still    time.Duration // how long nothing moved; 0 if that is not known
	base     int64
	sum      core.Snapshot
	refused  core.RefusedSum
	unread   int64 // of what waits, reservations
	accounts []AccountStats
	queues   []queueSnapshot
	usages   []Usage
	tops     []Usage // see top
	members  map[uint64]member

	recent      bool // somebody looks where the goroutines are, or did so a moment ago
	whereabouts      // once locate was called
}

// queueSnapshot is a queue with what only reports ask for.
type queueSnapshot struct {
	QueueStats
	consumers int
	full      bool
	still     time.Duration // how long nothing moved in it
}

// snapshotLocked takes stock.
func (b *Budget) snapshotLocked(now time.Time) *snapshot {
	b.collectLocked()
	b.forgetLocked()
	in := &snapshot{
		at: now, base: b.base, sum: b.core.Snapshot(), refused: b.core.Refused, unread: b.core.Unread(),
		usages: b.usagesLocked(now), members: map[uint64]member{},
	}
	if !b.stall.moved.IsZero() && b.stall.armed {
		in.still = now.Sub(b.stall.moved)
	}
	for _, a := range b.owners {
		in.accounts = append(in.accounts, a.figuresLocked())
		for _, i := range a.queues {
			consumers, _ := i.q.Consumers()
			in.queues = append(in.queues, queueSnapshot{i.statsLocked(), consumers, i.q.Full(), now.Sub(i.aged.since)})
		}
	}
	b.nameGoroutines(in)
	return in
}

// nameGoroutines notes the goroutines whose numbers are known. A loop says more of one than the stage around it.
func (b *Budget) nameGoroutines(in *snapshot) {
	for _, s := range b.holders.stages {
		in.members[s.goid] = member{account: s.a.acct.Name, stage: s.name}
	}
	for _, u := range in.usages {
		if u.goid != 0 && in.members[u.goid].stage == "" {
			name := u.Stage
			if name == "" {
				name = u.Account + "/" + u.Queue
			}
			in.members[u.goid] = member{u.Account, name, u.Kind == Waiting}
		}
	}
}

// whereabouts is where the goroutines of the pipelines are.
type whereabouts struct {
	goroutines []Goroutine
	total      int // goroutines in the process; 0 if nobody looked
	lost       int // of those, the ones that could not be looked at
}

// places is what was seen last of where the goroutines are. Guarded by the budget's lock.
type places struct {
	looked time.Time // when somebody last began to
	seen   whereabouts
}

// locate looks where the goroutines are, or takes over what somebody saw less than a moment ago, and says so in
// usages. It must run outside the lock: it takes up to some hundred milliseconds. Without self the goroutine
// that looks is left out: a timer's, which would pass for one that was started by whoever ran last.
func (b *Budget) locate(in *snapshot, dump, self bool) {
	if dump {
		seen := in.count(self)
		b.enter()
		b.places.seen = seen
		b.leaveQuietly()
	}
	if in.recent { // now, or just before
		b.enter()
		in.whereabouts = b.places.seen
		b.leaveQuietly()
	}
	for i := range in.usages {
		u := &in.usages[i]
		if g := in.goroutine(u.goid); g != nil && u.Where == "" {
			u.Where = g.Where
		}
	}
}

// count looks where all goroutines are.
func (in *snapshot) count(self bool) whereabouts {
	d := stacks.Take()
	var names []string
	for _, a := range in.accounts {
		names = append(names, a.Name)
	}
	return whereabouts{locate(d, self, in.members, names), d.Total, d.Lost}
}

// goroutine returns the place where that goroutine is, nil if it is not known.
func (in *snapshot) goroutine(id uint64) *Goroutine {
	if id == 0 {
		return nil
	}
	for i := range in.goroutines {
		if slices.Contains(in.goroutines[i].ids, id) {
			return &in.goroutines[i]
		}
	}
	return nil
}

// dumpEvery is how long a budget waits before it looks where the goroutines are once more.
const dumpEvery = time.Second

// inspect takes stock and looks where the goroutines are, also the one that asked.
func (b *Budget) inspect(asked bool) *snapshot {
	b.enter()
	in, dump := b.snapshotToReportLocked(asked)
	b.leave()
	b.locate(in, dump, asked)
	return in
}

// snapshotToReportLocked is look, and reports whether to look where the goroutines are, too: not if that was done a moment ago, or
// there are too many of them, and nobody asked.
func (b *Budget) snapshotToReportLocked(asked bool) (in *snapshot, dump bool) {
	now := time.Now()
	in = b.snapshotLocked(now)
	dump = asked || now.Sub(b.places.looked) >= dumpEvery && runtime.NumGoroutine() <= mostDumped
	if dump {
		b.places.looked = now
	}
	in.recent = now.Sub(b.places.looked) < dumpEvery
	return in, dump
}

// held lists the usages of some kinds that are not nothing. What loops of one stage have at the same place is
// added up.
func (in *snapshot) held(kinds ...UsageKind) (all []Usage) {
	for _, u := range in.usages {
		if u.Units == 0 || !slices.Contains(kinds, u.Kind) {
			continue
		}
		i := -1
		if u.Kind != Waiting {
			i = slices.IndexFunc(all, func(v Usage) bool { return v.peer() == u.peer() })
		}
		if i < 0 {
			all = append(all, u)
			continue
		}
		v := &all[i]
		v.Units, v.Bytes = v.Units+u.Units, v.Bytes+u.Bytes
		v.Largest, v.Age = max(v.Largest, u.Largest), max(v.Age, u.Age)
	}
	return all
}

// peer is what usages that are added up have in common.
func (u Usage) peer() Usage {
	return Usage{Kind: u.Kind, Account: u.Account, Queue: u.Queue, Stage: u.Stage, Where: u.Where}
}
