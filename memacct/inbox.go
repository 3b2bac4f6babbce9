package memacct

import (
	"slices"
	"sync/atomic"
)

// inbox takes units while nobody holds the budget's lock. Most puts are news to nobody: there is memory, there is
// a slot, and no consumer sleeps. For so many units and bytes the core gives credit, and a put that finds enough
// of it left claims it in one atomic step. Going by the lock costs three times as much once several goroutines
// contend for it.
//
// Whoever takes the lock shuts all inboxes first and enters what was put; whoever lets go of it opens them
// again, if there is credit then. So under the lock nothing of this is to be seen, and the core decides as if
// each unit had been entered when it was put: in between, nobody could have looked.
type inbox[T any] struct {
	credit  atomic.Uint64 // what is left of it, units in the low bits and bytes above; 0 while shut
	opened  uint64        // what it was at first; 0 while shut, too; guarded by the budget's lock
	opening uint64        // how often it was opened, doubled
	slots   [inboxSlots]inboxSlot[T]
}

// inboxSlots is how many units an inbox takes before one has to go by the lock: enough to make the lock's cost
// small beside that of the units, and few beside what a queue usually holds.
const inboxSlots = 64

const (
	creditUnits = 1<<7 - 1 // the low bits
	creditShift = 7
	mostCredit  = 1<<(63-creditShift) - 1
)

// inboxSlot is the place of one unit. Who claimed it writes the unit, while somebody else may be shutting the
// inbox. Which of the two came first is decided by state: it is the inbox's opening where the unit was written
// in that, and one more where the inbox was shut before.
type inboxSlot[T any] struct {
	v     T
	n     int64 // bytes
	state atomic.Uint64
}

// claim takes the place of a unit of n bytes if there is credit for it, and returns nil if not. The unit is
// charged from then on.
func (in *inbox[T]) claim(n int64) *inboxSlot[T] {
	for {
		left := in.credit.Load()
		units := left & creditUnits
		if units == 0 || uint64(n) > left>>creditShift {
			return nil
		}
		if in.credit.CompareAndSwap(left, left-1-uint64(n)<<creditShift) {
			return &in.slots[units-1]
		}
	}
}

// fill writes the unit to the slot that was claimed for it. It reports false where the inbox was shut in between:
// then the caller must see to it that the unit arrives.
func (in *inbox[T]) fill(slot *inboxSlot[T], v T, n int64) bool {
	slot.v, slot.n = v, n
	now := in.opening // the one it was claimed in: with a slot claimed and not filled, an inbox is not opened again
	return slot.state.Swap(now) != now+1
}

// filled tells the one who shuts the inbox whether a claimed slot was filled. One that was not is its owner's.
func (in *inbox[T]) filled(slot *inboxSlot[T]) bool {
	return slot.state.Load() == in.opening || slot.state.Swap(in.opening+1) == in.opening
}

// postbox is a queue with an inbox, whatever the type of its units.
type postbox interface {
	openInbox(part int64)
	shutInbox() (used bool)
}

// post puts v, of n bytes, without the lock if that can be.
func (l *line[T]) post(v T, n int64) bool {
	in := l.in.Load()
	if in == nil {
		return false
	}
	slot := in.claim(n)
	if slot == nil {
		return false
	}
	if !in.fill(slot, v, n) {
		l.arriveLate(v, n)
	}
	return true
}

// arriveLate makes a unit takeable that was claimed and charged, but not filled in, when its inbox was shut.
func (l *line[T]) arriveLate(v T, n int64) {
	l.b.lock()
	l.accept(v, cost{n, n})
	l.q.Late(n)
	l.b.unlock()
}

// openInbox lets units in, for a part of the bytes that there is credit for, 1 being all. Those that are charged
// more than they weigh must come by the lock, and so must one from whose coming on a batch lingers. The lock is held.
func (l *line[T]) openInbox(part int64) {
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

// shutInbox enters what was put since the inbox was opened, and reports whether anything was. The lock is held.
func (l *line[T]) shutInbox() (used bool) {
	in := l.in.Load()
	if in == nil || in.opened == 0 {
		return false
	}
	left := in.credit.Swap(0)
	begin, end := in.opened&creditUnits, left&creditUnits
	claimed := int64(in.opened>>creditShift - left>>creditShift)
	in.opened = 0
	units, bytes := 0, int64(0)
	l.ring.reserve(int(begin - end))
	for i := begin; i > end; i-- {
		slot := &in.slots[i-1]
		if !in.filled(slot) {
			l.in.Store(nil) // it is left to the late ones: the next to open makes another
			continue
		}
		l.ring.add(slot.v, cost{slot.n, slot.n})
		l.b.largest = max(l.b.largest, slot.n)
		units, bytes = units+1, bytes+slot.n
		var none T
		slot.v = none
	}
	if begin > end {
		l.q.Came(units, bytes, int(begin-end)-units, claimed-bytes)
	}
	return begin > end
}

// mostPosted is how many queues of a budget have their inboxes open at once.
const mostPosted = 4

// posted has the inbox of p open whenever nobody holds the lock, until it is found unused. The lock is held.
func (b *Budget) posted(p postbox) {
	if len(b.boxes) < mostPosted && !slices.Contains(b.boxes, p) {
		b.boxes = append(b.boxes, p)
	}
}

// lock takes the budget's lock, and enters what was put without it.
func (b *Budget) lock() {
	b.mu.Lock()
	used := 0
	for _, p := range b.boxes {
		if p.shutInbox() {
			b.boxes[used] = p
			used++
		}
	}
	clear(b.boxes[used:])
	b.boxes = b.boxes[:used]
}

// unlockQuiet lets go of the lock where nobody is to be woken.
func (b *Budget) unlockQuiet() {
	for _, p := range b.boxes {
		p.openInbox(int64(len(b.boxes)))
	}
	b.mu.Unlock()
}
