package memacct

import (
	"context"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// move is the way of one unit from a hand to another queue, its charge going with it. It may have become another value
// on the way.
type move[T any] struct {
	ctx   context.Context
	from  origin
	to    *line[T]
	hand  *core.Hand // that the unit was in; nil if it was detached
	stage string
	same  bool  // it is as it came, and keeps its charge
	now   int64 // else what it weighs, in bytes
}

// origin is the queue that a unit was taken from, whatever its type was there.
type origin struct {
	b *Budget
	a *Account
	q *core.Queue
}

func (l *line[T]) origin() origin { return origin{l.b, l.a, &l.q} }

// weigh measures the unit, outside the lock, and asks ctx.
func (m *move[T]) weigh(v T) (err error) {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	if !m.same && m.to.b == m.from.b {
		m.now, err = m.to.weigh(v)
	}
	return err
}

// carry moves a unit that was taken out of its hand, and that nobody else can end any more. It waits for a slot. On an
// error the unit is still charged, and the caller's. A queue of another budget charges the unit first, and only then
// does this one let go. The lock is held on entry, and not on return.
func (m *move[T]) carry(unit slot[T]) error {
	from, to := m.from, m.to
	if to.b != from.b {
		from.b.leave()
		if err := to.put(m.ctx, unit.v); err != nil {
			return err
		}
		from.b.enter()
		from.b.endPartLocked(unit.base)
		from.q.Release(1, unit.charge)
		from.b.leave()
		return nil
	}
	moved := unit.cost
	if !m.same && !unit.shared() {
		moved = from.a.grownLocked(to.info, unit.cost, m.now)
	}
	if from.q.Move(&to.q, unit.charge, moved.charge) {
		to.pushLocked(unit.v, moved)
		from.b.leave()
		return nil
	}
	w := from.b.newWaiter(&to.q, moved.charge)
	w.Carried, w.Hand = true, m.hand
	err := to.admit(m.ctx, w, m.stage)
	if err == nil {
		to.pushLocked(unit.v, moved)
		from.q.Moved(w, unit.charge, moved.charge)
	}
	_, err = from.b.again(from.b.done(w, err))
	return err
}
