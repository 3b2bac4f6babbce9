package memacct

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/govern"
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
func (in *snapshot) diagnose() []cause {
	var all []cause
	for _, find := range []func() []cause{in.parked, in.circle, in.stages, in.leaks, in.untaken, in.charges, in.source} {
		all = append(all, find()...)
	}
	if len(all) == 0 && in.sum.Units+in.sum.Waiters > 0 {
		all = []cause{{causeUndecided, "no goroutine was found that has a unit", "run the stages within Account.Stage, so that their goroutines are known"}}
	}
	return all
}

// crowded says which accounts wait for memory that others have.
func (in *snapshot) crowded() string {
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

// indebted says that debt keeps the gates shut, and which of what makes debt is seen here. What is not seen must not be
// named: it would be looked for.
func (in *snapshot) indebted() string {
	if in.sum.Debt == 0 || in.sum.Waiters == 0 {
		return ""
	}
	var by []string
	for _, q := range in.queues {
		if q.Growth > govern.GrewMuch {
			by = append(by, fmt.Sprintf("units grew on the way to %s, up to %.1f times (WithGrowth has the gate charge that)", q.label(), q.Growth))
		}
	}
	for _, a := range in.accounts {
		if a.Named > 0 {
			by = append(by, fmt.Sprintf("account %q has charges by name of %s", a.Name, bytesize.Format(a.Named)))
		}
	}
	if len(by) == 0 {
		by = []string{"the budget is less than it was when they came in: the limit was lowered, or the process has less free"}
	}
	return "the gates are shut by a debt of " + bytesize.Format(in.sum.Debt) + ": " + strings.Join(by, ", and ")
}

// parked are units that wait for other units.
func (in *snapshot) parked() (all []cause) {
	for _, q := range in.queues {
		if q.Parked == 0 {
			continue
		}
		seen := fmt.Sprintf("%d of %d units in hand from %s wait for other units, %d are queued behind them", q.Parked, q.InHand, q.label(), q.Queued)
		for _, u := range in.held(InHand) {
			if g := in.goroutine(u.goid); g != nil && g.Doing == Puts && u.label() != q.label() {
				seen += fmt.Sprintf("; %s cannot hand on its %s, at %s", u.by(), text.Count(u.Units, "unit"), g.Where)
			}
		}
		all = append(all, cause{causeParked, seen, "put the units that others wait for first, or let workers go on while units are parked: Detach, then Park"})
	}
	return all
}

// stages are loops that have units in hand and are in code of the user's.
func (in *snapshot) stages() (all []cause) {
	for _, u := range in.held(InHand) {
		g := in.goroutine(u.goid)
		if in.queue(u).Parked > 0 || g != nil && (g.Doing == Puts || !g.busy && in.putter(g, u) != nil) {
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

// helpers reports whether goroutines that a stage has started are at work.
func (in *snapshot) helpers(u Usage) bool {
	name := in.members[u.goid].stage
	return slices.ContainsFunc(in.goroutines, func(g Goroutine) bool {
		return g.Stage == name && g.account == u.Account && g.Doing == Started && g.busy
	})
}

// leaks are units that are in nobody's loop.
func (in *snapshot) leaks() (all []cause) {
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
		c := cause{causeLeak, fmt.Sprintf("%s in detached leases, of which no loop has any; %s", text.Count(n, "unit"), oldest), "Release or Forward each detached lease on every path"}
		if in.helpers(oldest) {
			c.kind, c.todo = causeSlow, "see what the goroutines that have them wait for"
		}
		all = append(all, c)
	}
	for _, u := range in.held(Reserved) {
		seen := u.String()
		switch {
		case u.handed:
			seen += ", for another goroutine to settle"
		case in.total > 0 && in.lost == 0 && in.goroutine(u.goid) == nil:
			seen += ", by a goroutine that is gone, or outside of every stage"
		}
		all = append(all, cause{causeLeak, seen, "defer the Release of every reservation"})
	}
	return all
}

// untaken are queues with units that no loop takes.
func (in *snapshot) untaken() (all []cause) {
	for _, q := range in.queues {
		if q.Queued > 0 && q.consumers == 0 {
			all = append(all, cause{causeUntaken, fmt.Sprintf("%s in %s, and no loop takes from it", text.Count(q.Queued, "unit"), q.label()), "range over it, or Discard what is in it"})
		}
	}
	return all
}

// hop is a stage that has units of one queue in hand and waits in a put into another.
type hop struct {
	u      Usage
	into   string // the other's name; "" if it is of another budget
	helper bool   // a goroutine that it started waits there for it
	text   string
}

// circle is stages that all wait in puts, each for a queue that another of them takes from. The core refuses the puts
// of a circle that it can see; those that it can't are made by other goroutines than the loops', or lead through
// another budget.
func (in *snapshot) circle() []cause {
	var hops []hop
	for _, u := range in.held(InHand) {
		h, ok := in.hop(u)
		if !ok {
			return nil // it is at work, or waits for something else
		}
		hops = append(hops, h)
	}
	if len(hops) == 0 || slices.ContainsFunc(in.queues, func(q queueSnapshot) bool { return q.Parked > 0 }) {
		return nil
	}
	c := cause{kind: causeDeadlock, todo: "queues must not form a circle: forward the unit in hand, or make the queue larger than what comes back"}
	var texts []string
	for _, h := range hops {
		texts = append(texts, h.text)
		switch {
		case h.into == "":
			c.todo = "two budgets don't know what waits in the other: have one budget with an account for each"
		case h.into == h.u.label() && len(hops) == 1:
			c.todo = "keep what comes back in a list of the loop's own, and put it from there; or Forward the unit in hand"
		}
	}
	c.text = strings.Join(texts, "; ")
	if h := hops[0]; len(hops) == 1 && h.into == h.u.label() {
		c.text += "; " + h.u.holder() + " takes from " + h.into + " itself"
	}
	switch {
	case hopsOn(hops):
		return []cause{c}
	case slices.ContainsFunc(hops, func(h hop) bool { return h.helper }):
		c.todo = "a unit in hand must not wait for another goroutine's put: put in the loop itself, where the budget sees who waits, or Release the unit first"
		return []cause{c}
	}
	return nil
}

// hopsOn reports whether each of hops leads to a queue that one of them has units of, or out of the budget: what a
// queue outside of them waits for is another cause.
func hopsOn(hops []hop) bool {
	for _, h := range hops {
		if h.into != "" && !slices.ContainsFunc(hops, func(o hop) bool { return o.u.label() == h.into }) {
			return false
		}
	}
	return true
}

// hop reports whether the holder of u waits in a put, or for a goroutine that it started and that does.
func (in *snapshot) hop(u Usage) (h hop, ok bool) {
	g := in.goroutine(u.goid)
	if g == nil {
		return hop{}, false
	}
	h.u = u
	has := fmt.Sprintf("%s has %s (%s) in hand", u.by(), text.Count(u.Units, "unit"), bytesize.Format(u.Bytes))
	switch p := in.putter(g, u); {
	case g.Doing == Puts:
		has += " and waits in a put"
	case p != nil && !g.busy:
		g, h.helper = p, true
		has += ", and a goroutine that it started waits in a put"
	default:
		return hop{}, false
	}
	where := "a queue of another budget"
	if h.into = in.awaited(g); h.into != "" {
		where = h.into
	}
	h.text = has + " into " + where + ", at " + g.Where
	return h, true
}

// putter is a goroutine that was started by the stage of g, who holds u, and waits in a put; nil if there is none.
func (in *snapshot) putter(g *Goroutine, u Usage) *Goroutine {
	for i := range in.goroutines {
		p := &in.goroutines[i]
		if p.Doing == Puts && p.Stage == g.Stage && p.account == u.Account && !slices.ContainsFunc(p.ids, in.known) {
			return p
		}
	}
	return nil
}

// known reports whether a goroutine runs a loop or a stage.
func (in *snapshot) known(id uint64) bool {
	m, ok := in.members[id]
	return ok && !m.put
}

// awaited is the queue that a goroutine waits to put into, "" if it is none of this budget's.
func (in *snapshot) awaited(g *Goroutine) string {
	for _, u := range in.usages {
		if u.Kind == Waiting && slices.Contains(g.ids, u.goid) {
			return u.label()
		}
	}
	return ""
}

// charges are those by name, where they keep puts waiting.
func (in *snapshot) charges() (all []cause) {
	for _, a := range in.accounts {
		if in.sum.Waiters > 0 && a.Named*2 > in.sum.Limit {
			all = append(all, cause{causeCharges, fmt.Sprintf("account %q has named charges of %s", a.Name, a.NamedText()), "give back what is charged by name, or raise the limit"})
		}
	}
	return all
}

// source is a batch that is not complete, where nobody waits to add to it.
func (in *snapshot) source() (all []cause) {
	if in.sum.Waiters > 0 || len(in.held(InHand, Detached, Reserved)) > 0 {
		return nil
	}
	for _, q := range in.queues {
		if q.Queued == 0 || q.consumers == 0 {
			continue
		}
		seen := fmt.Sprintf("%s in %s, waiting for a batch to fill", text.Count(q.Queued, "unit"), q.label())
		for _, g := range in.goroutines {
			if g.Doing == Works {
				seen += fmt.Sprintf("; %s is at %s%s", g.Stage, g.Where, state(g))
			}
		}
		all = append(all, cause{causeSource, seen, "see what the first stage waits for; with Linger a batch does not wait for ever"})
	}
	return all
}

// queue is the one that u is about.
func (in *snapshot) queue(u Usage) queueSnapshot {
	for _, q := range in.queues {
		if q.Account == u.Account && q.Name == u.Queue {
			return q
		}
	}
	return queueSnapshot{}
}
