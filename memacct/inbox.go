package memacct

import (
	"sync/atomic"
)

// inbox takes units while nobody holds the budget's lock. Most puts are news to nobody: there is memory, there is
// a slot, and no consumer sleeps. For so many units and bytes the core gives credit, and a put that finds enough
// of it left takes it in one atomic step. Going by the lock costs three times as much once several goroutines
// contend for it.
//
// Whoever takes the lock shuts all inboxes first and enters what was put; whoever lets go of it opens them
// again, if there is credit then. So under the lock nothing of this is to be seen, and the core decides as if
// each unit had been entered when it was put: in between, nobody could have looked.
type inbox[T any] struct {
	credit  atomic.Uint64 // what is left of it, units in the low bits and bytes above; 0 while shut
	opened  uint64        // what it was at first; 0 while shut, too; guarded by the budget's lock
	opening uint64        // how often it was opened, doubled

	// One slot a unit: who finds credit for u units has the u-th from the end. Values, costs and states lie
	// apart as in the ring, so that all go there as blocks. Who took a slot writes the unit, while somebody else may
	// be shutting the inbox. Which of the two came first is decided by its state: that is the inbox's opening where the
	// unit was written in it, and one more where the inbox was shut before.
	vals   [inboxSlots]T
	costs  [inboxSlots]cost
	states [inboxSlots]atomic.Uint64
}

// inboxSlots is how many units an inbox takes before one has to go by the lock: enough to make the lock's cost
// small beside that of the units, and few beside what a queue usually holds.
const inboxSlots = 64

const (
	creditUnits = 1<<7 - 1 // the low bits
	creditShift = 7
	mostCredit  = 1<<(63-creditShift) - 1
)

// none is no slot.
const none = -1

// takeSlot returns a slot for a unit of n bytes if there is credit for it, and none if not. The unit is charged from then
// on.
func (in *inbox[T]) takeSlot(n int64) int {
	for {
		left := in.credit.Load()
		units := left & creditUnits
		if units == 0 || uint64(n) > left>>creditShift {
			return none
		}
		if in.credit.CompareAndSwap(left, left-1-uint64(n)<<creditShift) {
			return inboxSlots - int(units)
		}
	}
}

// fill writes the unit to the slot that was taken for it. It reports false where the inbox was shut in between:
// then the caller must see to it that the unit arrives.
func (in *inbox[T]) fill(slot int, v T, n int64) bool {
	in.vals[slot], in.costs[slot] = v, cost{n, n}
	now := in.opening // the one it was taken in: with a slot taken and not filled, an inbox is not opened again
	return in.states[slot].Swap(now) != now+1
}

// filled tells the one who shuts the inbox whether a slot that was taken was filled. One that was not is its owner's.
func (in *inbox[T]) filled(slot int) bool {
	state := &in.states[slot]
	return state.Load() == in.opening || state.Swap(in.opening+1) == in.opening
}

// empty moves the units of the slots from first to before end to the ring.
func (in *inbox[T]) empty(first, end int, to *ring[T]) {
	to.pushAll(in.vals[first:end], in.costs[first:end])
	clear(in.vals[first:end])
}

// postbox is a queue with an inbox, whatever the type of its units.
type postbox interface {
	openInboxLocked(part int64)
	shutInboxLocked() (used bool)
}

// arriveLate makes a unit takeable that was charged, and a slot taken for it, but not filled in, when its inbox was shut.
func (l *line[T]) arriveLate(v T, n int64) {
	l.b.enter()
	l.acceptLocked(v, cost{n, n})
	l.q.Late(n)
	l.a.dropUntakenLocked()
	l.b.leave()
}

// openInboxLocked lets units in, for a part of the bytes that there is credit for, 1 being all. Those that are charged
// more than they weigh must come by the lock, and so must one from whose coming on a batch lingers.
func (l *line[T]) openInboxLocked(part int64) {
	units, bytes := l.q.Credit(inboxSlots)
	if units < 2 || l.a.growth.asked || l.lingers > 0 && l.ring.n == 0 {
		return
	}
	in := l.in.Load()
	if in == nil {
		in = new(inbox[T])
		l.in.Store(in)
	}
	in.opening += 2
	in.opened = uint64(units) | uint64(min(bytes/part, mostCredit))<<creditShift
	in.credit.Store(in.opened)
}

// shutInboxLocked enters what was put since the inbox was opened, and reports whether anything was.
func (l *line[T]) shutInboxLocked() (used bool) {
	in := l.in.Load()
	if in == nil || in.opened == 0 {
		return false
	}
	first := inboxSlots - int(in.opened&creditUnits)
	left := in.credit.Swap(0)
	end := inboxSlots - int(left&creditUnits)
	taken := int64(in.opened>>creditShift - left>>creditShift)
	in.opened = 0
	if first == end {
		return false
	}
	late := 0
	var bytes, largest int64
	from := first
	for i := first; i < end; i++ {
		if !in.filled(i) {
			in.empty(from, i, &l.ring)
			from = i + 1
			late++
			continue
		}
		n := in.costs[i].base
		bytes += n
		largest = max(largest, n)
	}
	in.empty(from, end, &l.ring)
	if late > 0 {
		l.in.Store(nil) // it is left to the late ones: the next to open makes another
	}
	l.b.arrivals.largest = max(l.b.arrivals.largest, largest)
	l.q.Came(end-first-late, bytes, late, taken-bytes)
	return true
}
