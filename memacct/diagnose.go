package memacct

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// cause is one reason why nothing moves.
type cause struct {
	kind causeKind
	text string // what is seen
	todo string // what to do about it
}

type causeKind string

const (
	causeParked    causeKind = "parked"       // units wait for units that can't come
	causeSlow      causeKind = "slow stage"   // a stage works, or waits for something outside
	causeDeadlock  causeKind = "deadlock"     // goroutines wait for each other
	causeLeak      causeKind = "leak"         // units that no goroutine of the pipeline has
	causeUntaken   causeKind = "nobody takes" // a queue without a loop
	causeCharges   causeKind = "charges"      // named charges leave no room
	causeSource    causeKind = "first stage"  // a batch waits for more to come
	causeUndecided causeKind = "undecided"
)

// diagnose finds out what keeps the units from moving, the likeliest first. A goroutine that waits for a slot,
// or for a unit, is held up by somebody else: what is left when those are taken away is the cause.
func (in *inside) diagnose() []cause {
	var all []cause
	for _, find := range []func() []cause{in.parked, in.stages, in.leaks, in.untaken, in.circle, in.charges, in.source} {
		all = append(all, find()...)
	}
	if len(all) == 0 && in.sum.Units+in.sum.Waiters > 0 {
		all = []cause{{causeUndecided, "no goroutine was found that has a unit", "run the stages within Account.Stage, so that their goroutines are known"}}
	}
	return all
}

// crowded says which accounts wait for memory that others have.
func (in *inside) crowded() string {
	var wait, have []string
	for _, a := range in.accounts {
		switch {
		case a.Waiting > 0 && a.Used*4 < in.sum.Used:
			wait = append(wait, fmt.Sprintf("%q (%s in use)", a.Name, bytesize.Format(a.Used)))
		case a.Used*2 > in.sum.Used:
			have = append(have, fmt.Sprintf("%q has %s of %s", a.Name, bytesize.Format(a.Used), bytesize.Format(in.sum.Limit)))
		}
	}
	if len(wait) == 0 || len(have) == 0 {
		return ""
	}
	return "crowded: account " + strings.Join(wait, ", ") + " waits for memory that another has: " + strings.Join(have, ", ")
}

// indebted says that debt keeps the gates shut.
func (in *inside) indebted() string {
	if in.sum.Debt == 0 || in.sum.Waiters == 0 {
		return ""
	}
	return "the gates are shut by a debt of " + bytesize.Format(in.sum.Debt) + ": units grew on the way (WithGrowth has the gate charge that), or charges, or a lowered limit"
}

// parked are units that wait for other units.
func (in *inside) parked() (all []cause) {
	for _, q := range in.queues {
		if q.Parked == 0 {
			continue
		}
		text := fmt.Sprintf("%d of %d units in hand from %s wait for other units, %d are queued behind them", q.Parked, q.InHand, q.label(), q.Queued)
		for _, u := range in.held(InHand) {
			if g := in.goroutine(u.goid); g != nil && g.Doing == Puts && u.label() != q.label() {
				text += fmt.Sprintf("; %s cannot hand on its %s, at %s", u.by(), units(u.Units), g.Where)
			}
		}
		all = append(all, cause{causeParked, text, "put the units that others wait for first, or let workers go on while units are parked: Detach, then Park"})
	}
	return all
}

// stages are loops that have units in hand and are in code of the user's.
func (in *inside) stages() (all []cause) {
	for _, u := range in.held(InHand) {
		g := in.goroutine(u.goid)
		if in.queue(u).Parked > 0 || g != nil && g.Doing == Puts {
			continue
		}
		c := cause{causeSlow, u.String(), "see what it waits for there, and give that a timeout; or let it have more workers"}
		switch {
		case g == nil:
			c.text += "; where it is was not looked at"
		case g.busy || in.helpers(u):
		default:
			c.kind = causeDeadlock
			c.todo = "see who should wake it there: it waits for a goroutine of this program, and no unit moves meanwhile; if it waits for another unit, Lease.Park tells the budget"
		}
		if g != nil {
			c.text += state(*g)
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(x, y cause) int { return strings.Compare(string(y.kind), string(x.kind)) })
	return all
}

// helpers tells whether goroutines that a stage has started are at work.
func (in *inside) helpers(u Usage) bool {
	name := in.members[u.goid].stage
	return slices.ContainsFunc(in.people, func(g Goroutine) bool {
		return g.Stage == name && g.account == u.Account && g.Doing == Started && g.busy
	})
}

// leaks are units that are in nobody's loop.
func (in *inside) leaks() (all []cause) {
	var detached []Usage
	n := 0
	for _, u := range in.held(Detached) {
		if in.queue(u).Parked == 0 {
			detached = append(detached, u)
			n += u.Units
		}
	}
	if n > 0 {
		oldest := slices.MaxFunc(detached, func(x, y Usage) int { return int(x.Age - y.Age) })
		c := cause{causeLeak, fmt.Sprintf("%s in detached leases, of which no loop has any; %s", units(n), oldest), "Release or Forward each detached lease on every path"}
		if in.helpers(oldest) {
			c.kind, c.todo = causeSlow, "see what the goroutines that have them wait for"
		}
		all = append(all, c)
	}
	for _, u := range in.held(Reserved) {
		text := u.String()
		switch {
		case u.handed:
			text += ", for another goroutine to settle"
		case in.total > 0 && in.lost == 0 && in.goroutine(u.goid) == nil:
			text += ", by a goroutine that is gone, or outside of every stage"
		}
		all = append(all, cause{causeLeak, text, "defer the Release of every reservation"})
	}
	return all
}

// untaken are queues with units that no loop takes.
func (in *inside) untaken() (all []cause) {
	for _, q := range in.queues {
		if q.Queued > 0 && q.consumers == 0 {
			all = append(all, cause{causeUntaken, fmt.Sprintf("%s in %s, and no loop takes from it", units(q.Queued), q.label()), "range over it, or Discard what is in it"})
		}
	}
	return all
}

// circle is stages that all wait for each other's queues.
func (in *inside) circle() []cause {
	var stuck []string
	for _, u := range in.held(InHand) {
		if g := in.goroutine(u.goid); g == nil || g.Doing != Puts {
			return nil
		}
		stuck = append(stuck, u.by())
	}
	for _, q := range in.queues {
		if len(stuck) > 0 && q.Parked == 0 && q.full && q.consumers > 0 && q.Waiters > 0 && q.InHand > 0 {
			return []cause{{causeDeadlock, strings.Join(stuck, " and ") + " wait in puts and have units in hand: their queues are full", "queues must not form a circle: forward the unit in hand, or make the queue larger than what comes back"}}
		}
	}
	return nil
}

// charges are those by name, where they keep puts waiting.
func (in *inside) charges() (all []cause) {
	for _, a := range in.accounts {
		if in.sum.Waiters > 0 && a.Named*2 > in.sum.Limit {
			all = append(all, cause{causeCharges, fmt.Sprintf("account %q has named charges of %s", a.Name, bytesize.Format(a.Named)), "give back what Account.Charge booked, or raise the limit"})
		}
	}
	return all
}

// source is a batch that is not complete, where nobody waits to add to it.
func (in *inside) source() (all []cause) {
	if in.sum.Waiters > 0 || len(in.held(InHand, Detached, Reserved)) > 0 {
		return nil
	}
	for _, q := range in.queues {
		if q.Queued == 0 || q.consumers == 0 {
			continue
		}
		text := fmt.Sprintf("%s in %s, waiting for a batch to fill", units(q.Queued), q.label())
		for _, g := range in.people {
			if g.Doing == Works {
				text += fmt.Sprintf("; %s is at %s%s", g.Stage, g.Where, state(g))
			}
		}
		all = append(all, cause{causeSource, text, "see what the first stage waits for; with Linger a batch does not wait for ever"})
	}
	return all
}

// queue is the one that u is about.
func (in *inside) queue(u Usage) queueLook {
	for _, q := range in.queues {
		if q.Account == u.Account && q.Name == u.Queue {
			return q
		}
	}
	return queueLook{}
}
