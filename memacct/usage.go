package memacct

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// Usage is memory of a budget that somebody has, or waits for.
type Usage struct {
	Kind           UsageKind
	Account, Queue string
	Stage          string // who has it; "" where that has no name, see [Account.Stage]
	Type           string // of the units
	Units          int
	Bytes          int64
	Largest        int64 // bytes of the largest unit
	// Age is how long that did not change. It is found by looking in now and then, not by a clock for each unit,
	// and so is too short by up to a quarter of Config.StallAfter; 0 is not known, or not long.
	Age time.Duration
	// Where is the function, file and line of a detached lease's Detach, of a Reserve, or of the loop body; "" if not
	// known.
	Where string

	goid   uint64
	handed bool // a reservation that another goroutine is to settle
}

// String says who has how much, since when, and where.
func (u Usage) String() string {
	s := fmt.Sprintf("%s has %s (%s) %s", u.by(), text.Count(u.Units, "unit"), bytesize.Format(u.Bytes), u.Kind)
	if u.Age >= time.Second {
		s += " for " + text.About(u.Age)
	}
	if u.Where != "" {
		s += ", at " + u.Where
	}
	return s
}

func (u Usage) label() string { return u.Account + "/" + u.Queue }

// by is who has it.
func (u Usage) by() string {
	if u.Stage == "" {
		return u.label()
	}
	return fmt.Sprintf("%q (from %s)", u.Stage, u.label())
}

// holder is by without the queue.
func (u Usage) holder() string {
	if u.Stage == "" {
		return "the loop"
	}
	return fmt.Sprintf("%q", u.Stage)
}

// place says what the largest unit is, and where.
func (u Usage) place() string {
	s := fmt.Sprintf("%s of type %s, %s ", bytesize.Format(u.Largest), u.Type, u.Kind)
	if u.Kind == InQueue || u.Kind == Waiting {
		return s + "at " + u.label()
	}
	return s + "of " + u.by()
}

// UsageKind says in what way somebody has the memory.
type UsageKind string

// The kinds of usage.
const (
	InQueue  UsageKind = "queued"
	InHand   UsageKind = "in hand"  // of a loop
	Detached UsageKind = "detached" // a lease that outlives its loop body
	Reserved UsageKind = "reserved"
	Waiting  UsageKind = "waiting" // of a put, or of a reservation that was not granted yet
)

// inHand tells apart what a loop has in hand at two moments.
type inHand struct{ takes, begun, left int }

// usageLocked says what the loop has in hand.
func (c *consumer[T]) usageLocked(now time.Time) Usage {
	n, bytes := c.hand.Waiting()
	u := c.l.info.usage(InHand, c.left+n, c.bytes+bytes)
	u.Largest = bytes / int64(max(1, n))
	u.Stage, u.goid = c.stage, c.goid
	u.Age = c.aged.unchanged(now, inHand{c.t.Takes, int(c.begun.Load()), c.left})
	if c.left > 0 {
		for _, k := range c.costs[c.first:] {
			u.Largest = max(u.Largest, k.charge)
		}
	}
	return u
}

// ageLocked looks in on everything whose age reports tell.
func (b *Budget) ageLocked(now time.Time) {
	for l := range b.holders.loops {
		l.usageLocked(now)
	}
	for k := range b.holders.reservations {
		k.usages(now)
	}
	for _, a := range b.owners {
		for _, i := range a.queues {
			i.aged.unchanged(now, i.q.Progress())
		}
	}
}

// usage is so much of the queue's.
func (i *queueInfo) usage(kind UsageKind, units int, bytes int64) Usage {
	return Usage{Kind: kind, Account: i.q.Account.Name, Queue: i.q.Name, Type: i.unit, Units: units, Bytes: bytes}
}

// usagesLocked lists all that somebody has or waits for, the largest amounts first, and also loops that have nothing
// in hand.
func (b *Budget) usagesLocked(now time.Time) []Usage {
	var all []Usage
	for l := range b.holders.loops {
		all = append(all, l.usageLocked(now))
	}
	for k := range b.holders.reservations {
		all = append(all, k.usages(now)...)
	}
	for c := range b.holders.detached {
		u := c.info.usage(Detached, 1, c.bytes)
		u.Stage, u.Largest, u.Age, u.Where = c.stage, c.bytes, now.Sub(c.since), stacks.CallName(c.where)
		all = append(all, u)
	}
	for _, a := range b.owners {
		for _, i := range a.queues {
			all = append(all, i.outside(now)...)
		}
	}
	slices.SortStableFunc(all, func(x, y Usage) int {
		return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(y.Age, x.Age), cmp.Compare(x.Where, y.Where))
	})
	return all
}

// outside lists what is queued, and who waits to get in.
func (i *queueInfo) outside(now time.Time) (all []Usage) {
	still := i.aged.unchanged(now, i.q.Progress())
	if n, bytes := i.q.Ready(); n > 0 {
		u := i.usage(InQueue, n, bytes)
		u.Largest, u.Age = i.most(), still
		all = append(all, u)
	}
	for w := range i.q.Line() {
		u := i.usage(Waiting, 1, w.Bytes)
		if p, ok := w.Note.(*waitInfo); ok && !p.since.IsZero() {
			u.Stage, u.Age, u.goid = p.stage, now.Sub(p.since), p.goid
		}
		u.Largest = w.Bytes
		all = append(all, u)
	}
	return all
}

// largest finds the usage with the largest unit.
func largest(all []Usage) (most Usage) {
	for _, u := range all {
		if u.Largest > most.Largest {
			most = u
		}
	}
	return most
}

// oldest are the n usages that did not change for longest, of those that somebody holds.
func oldest(all []Usage, n int) (old []Usage) {
	for _, u := range all {
		if u.Age >= time.Second && u.Kind != InQueue && u.Kind != Waiting {
			old = append(old, u)
		}
	}
	slices.SortStableFunc(old, func(x, y Usage) int { return cmp.Compare(y.Age, x.Age) })
	return old[:min(n, len(old))]
}
