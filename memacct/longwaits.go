package memacct

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/core"
)

// clock looks at the puts that wait at gates, while any do: see tick. Guarded by the budget's lock.
type clock struct {
	timer *time.Timer
	runs  bool
}

// tick looks at the puts that have waited at gates for long, and goes on as long as any wait. One clock for all
// costs less than a timer for each.
func (b *Budget) tick() {
	b.regulateIfDue() // no collection may come that would
	b.enter()
	waits := b.tellNestedLocked()
	untaken, soon := b.untakenLocked(time.Now())
	if b.clock.runs = waits || soon; b.clock.runs {
		b.clock.timer.Reset(tickEvery)
	}
	b.leaveAndWake(b.core.Alert()) // to the watch on stalls, who is only asked whether it has waited too long is no news
	b.tellUntaken(untaken)
}

// startClock has tick called. It is made here and not with the budget, for a synctest bubble has its own time.
func (b *Budget) startClock() {
	b.clock.runs = true
	if b.clock.timer == nil {
		b.clock.timer = time.AfterFunc(tickEvery, b.tick)
	} else {
		b.clock.timer.Reset(tickEvery)
	}
}

// longWait is a put that has waited at a gate for long.
type longWait struct {
	w      *core.Waiter
	who    *waitInfo
	memory bool // is what keeps it out, and not a slot
}

// tellNestedLocked wakes those who wait at gates for themselves, for them to return [ErrNested]. It reports whether anybody
// waits at a gate.
func (b *Budget) tellNestedLocked() (waits bool) {
	var all []longWait
	waits = b.core.Tick(func(w *core.Waiter, memory bool) {
		if who := w.Note.(*waitInfo); who.goid != 0 {
			all = append(all, longWait{w, who, memory})
		}
	})
	if len(all) == 0 {
		return waits
	}
	waiting := map[uint64]bool{}
	for _, l := range all {
		waiting[l.who.goid] = true
	}
	holds, served := b.hands(waiting)
	stuck := b.core.Idle() && !b.anyServed(served)
	for _, l := range all {
		if l.memory && holds[l.who.goid] || b.waitsForItself(l, served, stuck) {
			l.who.nested = true
			b.core.Woken = append(b.core.Woken, &l.w.Sleeper)
		}
	}
	return waits
}

// hands tells which goroutines have units in hand or reservations, and which queues have a loop whose goroutine is none
// of those that wait at a gate.
func (b *Budget) hands(waiting map[uint64]bool) (holds map[uint64]bool, served map[*core.Queue]bool) {
	holds, served = map[uint64]bool{}, map[*core.Queue]bool{}
	for l := range b.holders.loops {
		goid, q, inHand := l.takes()
		holds[goid] = holds[goid] || inHand > 0
		served[q] = served[q] || !waiting[goid]
	}
	for k := range b.holders.reservations {
		k.makers(holds)
	}
	return holds, served
}

// anyServed reports whether there are units that somebody could take, now or later.
func (b *Budget) anyServed(served map[*core.Queue]bool) bool {
	return slices.ContainsFunc(b.owners, func(a *Account) bool {
		return slices.ContainsFunc(a.queues, func(i *queueInfo) bool {
			units, _ := i.q.Ready()
			loops, _ := i.q.Consumers()
			return units > 0 && (loops == 0 || served[i.q])
		})
	})
}

// waitsForItself reports whether the goroutine of l runs a loop over units that nobody but those who wait at gates could
// take: over what fills the gate that it waits at, or, where nothing else has the memory, anywhere.
func (b *Budget) waitsForItself(l longWait, served map[*core.Queue]bool, stuck bool) bool {
	for o := range b.holders.loops {
		goid, q, _ := o.takes()
		units, _ := q.Ready()
		if goid == l.who.goid && units > 0 && (stuck && l.memory || !l.memory && q == l.w.Queue && !served[q]) {
			return true
		}
	}
	return false
}

// untakenAfter is how long a put may wait at a queue that no loop was ever started over, before that is told. A program
// that starts its stages one after the other has done so by then.
const untakenAfter = 3 * time.Second

// filled is a queue that was filled and that no loop takes from, and a put that waits there.
type filled struct {
	q     *queueInfo
	goid  uint64
	stage string
	waits time.Duration
	units int
}

// untakenLocked finds the queues, not told yet, at which a put has waited for long though no loop has ever taken from them:
// in a program that fills a queue first and starts to drain it once all is there, as it could with a slice. It waits
// for ever once that is more than the queue, or the budget, can hold. soon says that there may be some later. Who wants
// no watch on stalls is told nothing.
func (b *Budget) untakenLocked(now time.Time) (all []filled, soon bool) {
	if b.stall.tick == 0 {
		return nil, false
	}
	for _, a := range b.owners {
		for _, i := range a.queues {
			units, _ := i.q.Ready()
			if i.taken || i.untaken || units == 0 {
				continue
			}
			for w := range i.q.Line() {
				p, ok := w.Note.(*waitInfo)
				if !ok || p.since.IsZero() {
					continue
				}
				soon = true
				if d := now.Sub(p.since); d >= untakenAfter {
					i.untaken = true
					all = append(all, filled{i, p.goid, p.stage, d, units})
					break
				}
			}
		}
	}
	return all, soon
}

// tellUntaken tells of such queues, and where the puts are.
func (b *Budget) tellUntaken(all []filled) {
	if len(all) == 0 {
		return
	}
	in := b.inspect(false)
	for _, f := range all {
		name := f.q.q.Account.Name + "/" + f.q.q.Name
		put := "the put"
		if f.stage != "" {
			put = fmt.Sprintf("the put of %q", f.stage)
		}
		l := attrList{slog.String("cause", string(causeUntaken)), slog.Int("units", f.units)}
		if g := in.goroutine(f.goid); g != nil && g.Where != "" {
			put += " at " + g.Where
			l.text("place", g.Where)
		}
		todo := "start the loop over " + name + " before it is filled: in a goroutine of its own"
		l.text("todo", todo)
		b.emit(Event{
			Kind: EventStall, Account: f.q.q.Account.Name, Queue: f.q.q.Name,
			Text:  fmt.Sprintf("nobody takes: %s has waited for %s behind %s in %s, and no loop has taken any since it was made: %s", put, text.About(f.waits), text.Count(f.units, "unit"), name, todo),
			attrs: l,
		})
	}
}
