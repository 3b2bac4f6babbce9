package memacct

import (
	"context"
	"fmt"
	"iter"
	"reflect"
)

// LeaseBatch is a batch of units in hand that can be forwarded one by one, their charges moving with them.
// What was neither forwarded nor released when the loop body ends is released then, and the batch has ended: to use
// it after that returns [ErrReleased]. It belongs to the goroutine of its loop; it costs no allocation a unit.
type LeaseBatch[T any] struct {
	c     *consumer[T]
	takes int         // the consumer's count of takes while this batch is in hand
	own   []T         // the units as they were taken: the loop body may have sorted its slice
	one   [1]T        // room for own, where it is one unit
	where map[any]int // the places of those in own, once it was found sorted
}

// gone marks, among a consumer's charges, a unit that it no longer answers for.
const gone = -1

// LeaseBatches yields leased batches, until the queue is closed and drained or ctx is done.
func (l *line[T]) LeaseBatches(ctx context.Context, by Batch) iter.Seq[*LeaseBatch[T]] {
	return func(yield func(*LeaseBatch[T]) bool) {
		c := l.attach(ctx, l.taker(by), by.Linger)
		defer c.end()
		for c.next(ctx) {
			b := &LeaseBatch[T]{c: c, takes: c.t.Takes}
			b.own = append(b.one[:0:1], c.vals...)
			if !yield(b) {
				return
			}
		}
	}
}

// Units returns the batch's units. The slice is the loop body's to sort, or to put other units in, and is reused for
// the next batch.
func (b *LeaseBatch[T]) Units() []T { return b.c.vals }

// aliveLocked reports whether the batch is in hand.
func (b *LeaseBatch[T]) aliveLocked() bool { return b.c.t.Takes == b.takes && len(b.c.costs) > 0 }

// Left returns how many units were neither forwarded nor released yet.
func (b *LeaseBatch[T]) Left() int {
	b.c.l.b.enter()
	defer b.c.l.b.leaveQuietly()
	if !b.aliveLocked() {
		return 0
	}
	return b.c.left
}

// Find returns the index of the first unit left in hand for which is says so, -1 if there is none.
func (b *LeaseBatch[T]) Find(is func(T) bool) int {
	for i, v := range b.c.vals {
		if is(v) && b.Has(i) { // is runs outside the lock: it is the caller's
			return i
		}
	}
	return -1
}

// Has reports whether unit i is left in hand: neither forwarded nor released, and its loop body has not ended.
func (b *LeaseBatch[T]) Has(i int) bool {
	b.c.l.b.enter()
	defer b.c.l.b.leaveQuietly()
	return b.aliveLocked() && b.c.costs[b.placeLocked(i)].charge != gone
}

// placeLocked is where the charge of unit i is: elsewhere than the unit, if the loop body has sorted its slice. What it put
// there instead has the charge of what was there before.
func (b *LeaseBatch[T]) placeLocked(i int) int {
	v := b.c.vals[i]
	if !isPointer(v) || any(v) == any(b.own[i]) {
		return i
	}
	if b.where == nil {
		b.where = make(map[any]int, len(b.own))
		for j, u := range b.own {
			if isPointer(u) {
				b.where[u] = j
			}
		}
	}
	if j, ok := b.where[v]; ok {
		return j
	}
	return i
}

// isPointer reports whether v is a pointer, the one kind of unit of which "the same" is beyond doubt.
func isPointer[T any](v T) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.Kind() == reflect.Pointer
}

// Release ends the charge of unit i before the loop body ends, and reports whether it did. Doing it twice is harmless.
func (b *LeaseBatch[T]) Release(i int) bool {
	bud := b.c.l.b
	bud.enter()
	defer bud.leave() // also when there is no unit i
	if !b.aliveLocked() {
		return false
	}
	at := b.placeLocked(i)
	if b.c.costs[at].charge == gone {
		return false
	}
	bud.endPartLocked(b.c.costs[at].base)
	b.c.l.q.Release(1, b.c.takeOutLocked(at))
	return true
}

// Forward moves unit i, and its charge with it, to the next queue, measured again. It waits for a slot,
// never for memory. On an error the unit stays in hand. Forwarding a unit that is gone returns [ErrReleased].
// Different units of a batch may be forwarded from different goroutines while the loop body waits for them; a loop
// body that forwards itself is taken to do nothing else meanwhile.
func (b *LeaseBatch[T]) Forward(ctx context.Context, i int, to *Queue[T]) error {
	return b.send(ctx, i, to, false)
}

// Pass is Forward for a unit that is as it came: it keeps its charge and is not measured again, which is the
// dearest part of a move. To a queue on another budget it is, all the same.
func (b *LeaseBatch[T]) Pass(ctx context.Context, i int, to *Queue[T]) error {
	return b.send(ctx, i, to, true)
}

// send moves unit i. From the moment on at which it is found in hand it is taken out of it, so that neither the end of
// the loop body nor another Forward can end it while it waits.
func (b *LeaseBatch[T]) send(ctx context.Context, i int, to *Queue[T], same bool) error {
	_ = b.own[i] // an index that is none panics here, and leaves no lock behind
	c, bud := b.c, b.c.l.b
	m := move[T]{ctx: ctx, from: c.l.origin(), to: &to.line, same: same, hand: &c.hand, stage: c.stage}
	if !same {
		bud.enter()
		if !b.aliveLocked() {
			bud.leave()
			return c.l.at(ErrReleased)
		}
		v := c.vals[i]
		bud.leaveQuietly()
		if err := m.weigh(v); err != nil {
			return err
		}
	} else if err := ctx.Err(); err != nil {
		return err
	}
	bud.enter()
	if !b.aliveLocked() {
		bud.leave()
		return c.l.at(ErrReleased)
	}
	at := b.placeLocked(i)
	unit := b.slotLocked(i, at)
	if unit.charge == gone {
		bud.leave()
		return c.l.at(ErrReleased)
	}
	c.takeOutLocked(at)
	err := m.carry(unit)
	if err == nil {
		return nil
	}
	bud.enter()
	defer bud.leave()
	if !b.aliveLocked() { // the loop went on, and would have ended it
		bud.endPartLocked(unit.base)
		c.l.q.Release(1, unit.charge)
		return err
	}
	c.putInLocked(at, unit.charge)
	return err
}

// slotLocked is unit i with the cost at that place. Where it can't be told whether the slice was sorted, what a unit weighed
// before is not known, and growth is not learned from it.
func (b *LeaseBatch[T]) slotLocked(i, at int) slot[T] {
	s := slot[T]{b.c.vals[i], b.c.costs[at]}
	if len(b.own) > 1 && !isPointer(s.v) && !s.shared() {
		s.base = 0
	}
	return s
}

// takeOutLocked takes the unit at a place out of what the loop answers for, and returns its charge.
func (c *consumer[T]) takeOutLocked(at int) int64 {
	charge := c.costs[at].charge
	c.costs[at].charge = gone
	for c.first < len(c.costs) && c.costs[c.first].charge == gone {
		c.first++
	}
	c.giveLocked(1, charge)
	return charge
}

// putInLocked undoes takeOutLocked.
func (c *consumer[T]) putInLocked(at int, charge int64) {
	c.costs[at].charge = charge
	c.first = min(c.first, at)
	c.giveLocked(-1, -charge)
}

// ForwardAll forwards every unit that is left, in order, in as few critical sections as the slots allow. No
// other method of the batch may run meanwhile.
func (b *LeaseBatch[T]) ForwardAll(ctx context.Context, to *Queue[T]) error {
	return b.sendAll(ctx, to, false)
}

// Filter ends each unit i of which drop[i] is set, all at once, and passes those that are left, in order, as
// [LeaseBatch.Pass] does, in as few critical sections as the slots allow. There must be a mark for each unit of the
// batch. With a nil queue the units that are left stay in hand. On an error so do those that were not passed yet. No
// other method of the batch may run meanwhile.
func (b *LeaseBatch[T]) Filter(ctx context.Context, drop []bool, to *Queue[T]) error {
	if len(drop) != len(b.own) {
		return fmt.Errorf("memacct: %s: Filter: %d marks for a batch of %d units", b.c.l.q.Name, len(drop), len(b.own))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b.drop(drop)
	if to == nil {
		return nil
	}
	return b.sendAll(ctx, to, true)
}

// drop ends the units that are marked.
func (b *LeaseBatch[T]) drop(marked []bool) {
	c := b.c
	c.l.b.enter()
	defer c.l.b.leave()
	if !b.aliveLocked() {
		return
	}
	n, bytes := 0, int64(0)
	var parts []int64
	for i, drop := range marked {
		if !drop {
			continue
		}
		if at := b.placeLocked(i); c.costs[at].charge != gone {
			parts = c.l.b.partLocked(parts, c.costs[at])
			n, bytes = n+1, bytes+c.takeOutLocked(at)
		}
	}
	c.drop(n, bytes, parts)
}

// sendAll moves the units that are left, measured again unless they are the same as they came.
func (b *LeaseBatch[T]) sendAll(ctx context.Context, to *Queue[T], same bool) error {
	c := b.c
	if err := ctx.Err(); err != nil && b.Left() > 0 {
		return err
	}
	all := to.b == c.l.b
	if all && !same {
		if err := c.weighAll(&to.line); err != nil {
			return err
		}
	}
	for i := 0; ; i++ {
		if all {
			i = b.moveFrom(i, to, same)
		}
		for i < len(b.own) && !b.Has(i) {
			i++
		}
		if i == len(b.own) {
			return nil
		}
		if err := b.send(ctx, i, to, same); err != nil {
			return err
		}
	}
}

// moveFrom moves what is left from unit i on as long as the next queue has slots, and returns where it stopped.
func (b *LeaseBatch[T]) moveFrom(i int, to *Queue[T], same bool) int {
	c := b.c
	c.l.b.enter()
	defer c.l.b.leave()
	for ; b.aliveLocked() && i < len(b.own) && to.q.Open(); i++ {
		at := b.placeLocked(i)
		unit := b.slotLocked(i, at)
		if unit.charge == gone {
			continue
		}
		c.takeOutLocked(at)
		moved := unit.cost
		if !same && !unit.shared() {
			moved = c.l.a.grownLocked(to.info, unit.cost, c.sizes[i])
		}
		c.l.q.Move(&to.q, unit.charge, moved.charge)
		to.pushLocked(unit.v, moved)
	}
	return i
}

// weighAll measures the units in hand as the next queue does, outside the lock.
func (c *consumer[T]) weighAll(to *line[T]) error {
	c.sizes = c.sizes[:0]
	for _, v := range c.vals {
		n, err := to.weigh(v)
		if err != nil {
			return err
		}
		c.sizes = append(c.sizes, n)
	}
	return nil
}
