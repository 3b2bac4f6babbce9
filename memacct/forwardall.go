package memacct

import (
	"context"

	"github.com/syncmem/syncmem/memacct/internal/caller"
	"github.com/syncmem/syncmem/memacct/internal/core"
)

// share is a unit that is in several queues at once. Its parts are units like others, but charged nothing: what they
// keep alive is the same memory. The unit itself, with its charge, stays where it was taken from, parked, until the last
// of them has ended. A part is known by its base, a number less than 0 that no unit weighs.
type share struct {
	in    *queueInfo
	bytes int64
	parts int       // that have not ended
	park  core.Park // the unit can't move by itself: it waits for its parts
}

// sharing is all the units of a budget that are in several queues. Guarded by its lock.
type sharing struct {
	units map[int64]*share // by the base of their parts
	last  int64            // the base that was given last; 0 before the first
	never chan struct{}    // what they wait for, of which the core is told: it is never closed
}

// shared reports whether c is what a part costs.
func (c cost) shared() bool { return c.base < 0 }

// ForwardAll puts the unit into each of the queues. It is charged once, from now on until the last of those who get it
// is done with it. Until then it counts as a unit in hand of the queue that it was taken from, which has its bytes, and as
// one more of 0 bytes in each of the others. ForwardAll waits for slots, in the order of the queues, and never for
// memory, at a gate neither. With no queue it is [Lease.Release]. Queues of several types are served by [ShareAs].
//
// They get the same value: whoever changes it must know that the others see that. A part is not measured again when it
// is forwarded; [Lease.Resize] of any part is for all of them.
//
// On an error the lease lives on, and the queues before the one that failed have their parts. A queue of another budget,
// and a Sender that is neither a [*Gate] nor a [*Queue], gets its part as by a Put.
//
//go:noinline
func (l *Lease[T]) ForwardAll(ctx context.Context, to ...Sender[T]) error {
	where := caller.PC()
	v := l.v
	for _, q := range to {
		if err := shareWith(ctx, l, q, v, "ForwardAll"); err != nil {
			return err
		}
	}
	b := l.c.l.b
	b.enter()
	if l.state == leaseEnded {
		b.leave()
		l.misused("ForwardAll")
		return l.c.l.at(ErrReleased)
	}
	defer b.leave()
	l.endLocked(where)
	return nil
}

// ShareAs puts v into one more queue, which may have another type: what of the unit, or with it, goes there. The unit is
// charged once, as for [Lease.ForwardAll], until all parts have ended. The lease is one of them, and lives on: share it
// with the other queues, and then Release it, or Forward it to the last. v is not measured: it is to keep alive the
// unit, or a part of it, and hardly more. ShareAs waits for a slot, never for memory.
//
//go:noinline
func ShareAs[T, U any](ctx context.Context, l *Lease[T], to Sender[U], v U) error {
	return shareWith(ctx, l, to, v, "ShareAs")
}

// shareWith gives to a part of the lease's unit. On an error the lease lives on.
func shareWith[T, U any](ctx context.Context, l *Lease[T], to Sender[U], v U, how string) error {
	n, bad := l.c.l.weigh(l.v)
	from := l.c.l
	from.b.enter()
	if l.state == leaseEnded { // and its value was nothing
		from.b.leave()
		l.misusedBelow(how)
		return from.at(ErrReleased)
	}
	if bad == nil {
		bad = ctx.Err()
	}
	if bad != nil {
		from.b.leave()
		return bad
	}
	q := lineOf(to)
	if q == nil || q.b != from.b {
		from.b.leave()
		return to.Put(ctx, v)
	}
	l.shareLocked(n)
	part := slot[U]{v, cost{0, l.base}}
	from.b.shared.units[l.base].parts++
	from.q.Split(0)
	m := move[U]{ctx: ctx, from: from.origin(), to: q, stage: l.c.stage, same: true}
	err := m.carry(part)
	if err == nil {
		return nil
	}
	from.b.enter()
	defer from.b.leave()
	from.b.endPartLocked(part.base)
	from.q.Release(1, 0)
	return err
}

// shareLocked makes the lease the first part of its unit, which weighs n bytes now, unless it is one.
func (l *Lease[T]) shareLocked(n int64) {
	if l.shared() {
		return
	}
	b, q, in := l.c.l.b, &l.c.l.q, l.c.l.info
	bytes := l.c.l.a.grownLocked(in, l.cost, n).charge
	if bytes != l.charge {
		q.Resize(l.charge, bytes)
	}
	q.Split(0) // that one is the lease's from now on, and the one with the charge is the share's
	if l.state == leaseHeld {
		l.c.bytes -= l.charge
		l.c.costs[0] = cost{0, b.shared.last - 1} // the loop holds this one alone
	}
	if b.shared.units == nil {
		b.shared.units, b.shared.never = map[int64]*share{}, make(chan struct{})
	}
	b.shared.last--
	s := &share{in: in, bytes: bytes, parts: 1, park: core.Park{Done: b.shared.never}}
	b.shared.units[b.shared.last] = s
	in.shares++
	q.Park(&s.park)
	l.cost = cost{0, b.shared.last}
	if l.detached != nil {
		l.detached.bytes, l.detached.part = 0, b.shared.last
	}
}

// endPartLocked is called before a unit with this base is released: if it is a part, and the last of its unit, that ends.
// In the other order nothing would seem to move in between but a unit that waits.
func (b *Budget) endPartLocked(base int64) {
	if base >= 0 {
		return
	}
	s := b.shared.units[base]
	if s.parts--; s.parts == 0 {
		delete(b.shared.units, base)
		s.in.shares--
		s.in.q.Unpark(&s.park)
		s.in.q.Release(1, s.bytes)
	}
}

// resizeShareLocked charges a unit that is in several queues what it weighs now, in bytes.
func (b *Budget) resizeShareLocked(base, n int64) {
	s := b.shared.units[base]
	s.in.q.Resize(s.bytes, n)
	s.bytes = n
}

// partLocked adds the base of c to parts, if it is a part.
func (b *Budget) partLocked(parts []int64, c cost) []int64 {
	if len(b.shared.units) == 0 || !c.shared() || c.charge == gone {
		return parts
	}
	return append(parts, c.base)
}

// partsLocked are those that the loop answers for.
func (c *consumer[T]) partsLocked() (all []int64) {
	if len(c.l.b.shared.units) == 0 || c.left == 0 {
		return nil
	}
	end := len(c.costs)
	if c.t.Prefetch > 1 {
		end = c.extent
	}
	for _, k := range c.costs[c.first:end] {
		all = c.l.b.partLocked(all, k)
	}
	return all
}

// partsLocked are those that are queued.
func (l *line[T]) partsLocked() (all []int64) {
	if len(l.b.shared.units) == 0 {
		return nil
	}
	for i := range l.ring.n {
		all = l.b.partLocked(all, l.ring.costs[(l.ring.head+i)&(len(l.ring.costs)-1)])
	}
	return all
}
