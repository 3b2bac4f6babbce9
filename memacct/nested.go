package memacct

import (
	"slices"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

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
