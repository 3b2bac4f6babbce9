package memacct

import (
	"context"

	"github.com/syncmem/syncmem/memacct/internal/caller"
	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Forward moves the unit, and its charge with it, to the next queue, measured again: it may have grown,
// which becomes debt, or shrunk. It waits for a slot, never for memory, at a gate neither: what is charged already need
// not be let in. On an error the lease lives on. A Sender that is neither a [*Gate] nor a [*Queue] gets the unit by its
// Put, and so does a gate or a queue of another budget: the unit is charged until that returns.
//
//go:noinline
func (l *Lease[T]) Forward(ctx context.Context, to Sender[T]) error {
	return forward(ctx, l, to, l.v, caller.PC())
}

// ForwardAs is [Lease.Forward] for a unit that became v on the way, of another type maybe: the charge moves on with it,
// and is measured as v by the queue's size function. It is not put at once and charged twice meanwhile, as by a Put
// from the loop body. On an error the lease lives on.
//
//go:noinline
func ForwardAs[T, U any](ctx context.Context, l *Lease[T], to Sender[U], v U) error {
	return forward(ctx, l, to, v, caller.PC())
}

// forward ends a lease in favour of v in a queue; where is the place it was called from.
func forward[T, U any](ctx context.Context, l *Lease[T], to Sender[U], v U, where uintptr) error {
	q := lineOf(to)
	if q == nil {
		return forwardByPut(ctx, l, to, v, where)
	}
	b := l.c.l.b
	m := move[U]{ctx: ctx, from: l.c.l.origin(), to: q, stage: l.c.stage}
	bad := m.weigh(v)
	b.enter()
	if l.state == leaseEnded { // and l.v was nothing
		b.leave()
		l.misusedBelow("Forward")
		return l.c.l.at(ErrReleased)
	}
	if bad != nil {
		b.leave()
		return bad
	}
	was, park, takes := l.state, l.park, l.c.t.Takes
	if was == leaseHeld {
		m.hand = &l.c.hand
	}
	l.takeLocked()
	l.state = leaseEnded // while it waits nobody else can end it
	l.ended = where
	err := m.carry(slot[U]{v, l.cost})
	b.enter()
	defer b.leave()
	switch {
	case err == nil:
		l.finishLocked(l.ended)
	case was == leaseHeld && (l.c.t.Takes != takes || len(l.c.costs) == 0): // its loop went on, and would have ended it
		b.endPartLocked(l.base)
		l.c.l.q.Release(1, l.charge)
		l.finishLocked(l.ended)
	default:
		l.state = was
		if was == leaseHeld {
			l.c.giveLocked(-1, -l.charge)
		} else {
			b.holders.detached[l.detached] = struct{}{}
		}
		if park != nil {
			l.parkOn(park.Done)
		}
	}
	return err
}

// forwardByPut is forward to a Sender of which nothing is known but how to put.
func forwardByPut[T, U any](ctx context.Context, l *Lease[T], to Sender[U], v U, where uintptr) error {
	b := l.c.l.b
	b.enter()
	ended := l.state == leaseEnded
	b.leaveQuietly()
	if ended {
		l.misusedBelow("Forward")
		return l.c.l.at(ErrReleased)
	}
	if err := to.Put(ctx, v); err != nil {
		return err
	}
	b.enter()
	defer b.leave()
	if l.state != leaseEnded {
		l.endLocked(where)
	}
	return nil
}

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
