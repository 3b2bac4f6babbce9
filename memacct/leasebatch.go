package memacct

import (
	"context"
	"iter"
)

// LeaseBatch is a batch of units in hand that can be forwarded one by one, their charges moving with them.
// What was neither forwarded nor released when the loop body ends is released then. It belongs to the
// goroutine of its loop and must not be used after the loop body; it costs no allocation a unit.
type LeaseBatch[T any] struct {
	c *consumer[T]
}

// gone marks, among a consumer's charges, a unit that it no longer answers for.
const gone = -1

// LeaseBatches yields leased batches, until the queue is closed and drained or ctx is done.
func (l *line[T]) LeaseBatches(ctx context.Context, by Batch) iter.Seq[*LeaseBatch[T]] {
	return func(yield func(*LeaseBatch[T]) bool) {
		b := &LeaseBatch[T]{c: l.attach(ctx, l.taker(by), by.Linger)}
		defer b.c.end()
		for b.c.next(ctx) && yield(b) {
		}
	}
}

// Units returns the batch's units. The slice is reused for the next batch.
func (b *LeaseBatch[T]) Units() []T { return b.c.vals }

// Left returns how many units were neither forwarded nor released yet.
func (b *LeaseBatch[T]) Left() int {
	b.c.l.b.lock()
	defer b.c.l.b.unlockQuiet()
	return b.c.left
}

// Find returns the index of the first unit left in hand for which is says so, -1 if there is none.
func (b *LeaseBatch[T]) Find(is func(T) bool) int {
	for i := b.start(); i < len(b.c.vals); i++ {
		if is(b.c.vals[i]) && b.unit(i).charge != gone { // is runs outside the lock: it is the caller's
			return i
		}
	}
	return -1
}

// start is where the units left in hand begin.
func (b *LeaseBatch[T]) start() int {
	b.c.l.b.lock()
	defer b.c.l.b.unlockQuiet()
	return b.c.first
}

// unit is unit i with its charge, or gone. An index that is none panics without leaving the lock behind.
func (b *LeaseBatch[T]) unit(i int) slot[T] {
	b.c.l.b.lock()
	defer b.c.l.b.unlockQuiet()
	return b.c.unit(i)
}

// Release ends the charge of unit i before the loop body ends. Doing it twice is harmless.
func (b *LeaseBatch[T]) Release(i int) {
	bud := b.c.l.b
	bud.lock()
	defer bud.unlock() // also when there is no unit i
	if b.c.costs[i].charge != gone {
		b.c.l.q.Release(1, b.settle(i))
	}
}

// Forward moves unit i, and its charge with it, to the next queue, measured again. It waits for a slot,
// never for memory. On an error the unit stays in hand. Forwarding a unit that is gone returns [ErrReleased].
// Different units of a batch may be forwarded from different goroutines while the loop body waits for them; a loop
// body that forwards itself is taken to do nothing else meanwhile.
func (b *LeaseBatch[T]) Forward(ctx context.Context, i int, to *Queue[T]) error {
	return b.hand(ctx, i, to, false)
}

// Pass is Forward for a unit that is as it came: it keeps its charge and is not measured again, which is the
// dearest part of a move. To a queue on another budget it is, all the same.
func (b *LeaseBatch[T]) Pass(ctx context.Context, i int, to *Queue[T]) error {
	return b.hand(ctx, i, to, true)
}

func (b *LeaseBatch[T]) hand(ctx context.Context, i int, to *Queue[T], same bool) error {
	unit := b.unit(i)
	if unit.charge == gone {
		return b.c.l.at(ErrReleased)
	}
	return b.forward(ctx, i, to, unit, same)
}

// forward moves unit i.
func (b *LeaseBatch[T]) forward(ctx context.Context, i int, to *Queue[T], unit slot[T], same bool) error {
	if err := b.c.l.forward(ctx, to, unit, b.c, same); err != nil {
		return err
	}
	b.c.l.b.lock()
	b.settle(i)
	b.c.l.b.unlock()
	return nil
}

// settle takes unit i out of what the loop answers for and returns its charge. The lock is held.
func (b *LeaseBatch[T]) settle(i int) int64 {
	c := b.c
	charge := c.costs[i].charge
	c.costs[i].charge = gone
	c.letGo(charge)
	for c.first < len(c.costs) && c.costs[c.first].charge == gone {
		c.first++
	}
	return charge
}

// letGo takes a unit out of what the loop answers for. The lock is held.
func (c *consumer[T]) letGo(charge int64) {
	c.left--
	c.bytes -= charge
	c.hand.Has(c.left)
}

// ForwardAll forwards every unit that is left, in order, in as few critical sections as the slots allow. No
// other method of the batch may run meanwhile.
func (b *LeaseBatch[T]) ForwardAll(ctx context.Context, to *Queue[T]) error {
	c := b.c
	if err := ctx.Err(); err != nil && b.Left() > 0 {
		return err
	}
	if to.b == c.l.b {
		if err := c.weighAll(&to.line); err != nil {
			return err
		}
		b.moveAll(to)
	}
	for c.first < len(c.vals) {
		i := c.first
		if err := b.forward(ctx, i, to, c.unit(i), false); err != nil {
			return err
		}
		if to.b == c.l.b {
			b.moveAll(to)
		}
	}
	return nil
}

// moveAll moves what is left as long as the next queue has slots.
func (b *LeaseBatch[T]) moveAll(to *Queue[T]) {
	c := b.c
	c.l.b.lock()
	for c.first < len(c.vals) {
		i := c.first
		if unit := c.unit(i); !c.l.moveNow(to, unit, c.l.a.grown(to.info, unit.cost, c.sizes[i])) {
			break
		}
		b.settle(i)
	}
	c.l.b.unlock()
}

// weighAll measures the units in hand as the next queue does, outside the lock.
func (c *consumer[T]) weighAll(to *line[T]) error {
	c.sizes = c.sizes[:0]
	for i, v := range c.vals {
		n, err := int64(0), error(nil)
		if c.costs[i].charge != gone {
			n, err = to.weigh(v)
		}
		if err != nil {
			return err
		}
		c.sizes = append(c.sizes, n)
	}
	return nil
}

// forward moves a unit to another queue, from the hand of a loop, or, of a detached lease, from none. One that is the
// same as it came keeps its charge. A queue of another budget charges it first and only then does this one let go.
func (l *line[T]) forward(ctx context.Context, to *Queue[T], unit slot[T], from *consumer[T], same bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if to.b != l.b {
		if err := to.put(ctx, unit.v); err != nil {
			return err
		}
		l.b.lock()
		l.q.Release(1, unit.charge)
		l.b.unlock()
		return nil
	}
	now, err := unit.charge, error(nil)
	if !same {
		if now, err = to.weigh(unit.v); err != nil {
			return err
		}
	}
	l.b.lock()
	moved := unit.cost
	if !same {
		moved = l.a.grown(to.info, unit.cost, now)
	}
	if l.moveNow(to, unit, moved) {
		l.b.unlock()
		return nil
	}
	w := l.b.newWaiter(&to.q, moved.charge)
	w.Carried = true
	if from != nil {
		from.hand.Has(from.left)
		w.Hand, w.Loop = &from.hand, from.goid == goroutineID()
	}
	err = to.admit(ctx, w)
	if err == nil {
		to.ring.push(unit.v, moved)
		l.q.Moved(w, unit.charge, moved.charge)
	}
	return l.b.done(w, err)
}

// moveNow moves a unit, charged as moved says from then on, if the next queue has a slot. The lock is held.
func (l *line[T]) moveNow(to *Queue[T], unit slot[T], moved cost) bool {
	if !l.q.Move(&to.q, unit.charge, moved.charge) {
		return false
	}
	to.ring.push(unit.v, moved)
	return true
}
