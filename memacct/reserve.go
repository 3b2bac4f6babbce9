package memacct

import (
	"context"
	"fmt"

	"github.com/syncmem/syncmem/memacct/internal/caller"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// Reservation is memory at a gate for a unit whose bytes were not read yet. It belongs to the goroutine that
// made it, or, after [Reservation.Detach], to one other at a time. One that is lost, neither put nor released, is
// found when it is garbage collected, reported with the place where it was made, and given back.
type Reservation[T any] struct{ *reserved[T] }

// reserved is what a reservation holds. The budget refers to it, and so would keep a lost Reservation alive.
type reserved[T any] struct {
	in    *bundle[T]
	bytes int64
	goid  uint64
	stage string
	where uintptr // it was made
	aged  aged
	turn  int64 // among those that had to wait to grow
	grows bool  // it waits for that just now
	done  bool
}

// Reserve waits until n bytes may be used, before they are read: reserving is the only way in which a first
// stage holds nothing while it waits. [Reservation.Put] settles it; [Reservation.Release], best deferred,
// gives back what was not put. Errors are those of [Gate.Put], and a negative n is one.
//
// An n of 0 says that the size is not known. Then the mean of the gate's units so far is reserved, or 16 KiB before the
// first one: a guess that refuses nobody. It bounds readers as far as units are like those before: where the first are
// large, or reservations are released and never put, reserve what one may need at most.
//
//go:noinline
func (g *Gate[T]) Reserve(ctx context.Context, n int64) (*Reservation[T], error) {
	where, stage := caller.PC(), stageOf(ctx)
	if n >= 0 && ctx.Err() == nil {
		g.b.enter()
		if charge := g.chargeLocked(n); g.q.Reserve(charge) {
			r := g.newReservationLocked(reserved[T]{bytes: charge, goid: stacks.GoroutineID(), stage: stage, where: where})
			g.b.leave()
			return r, nil
		}
		g.b.leaveQuietly()
	}
	rs, err := g.reserveAll(ctx, where, stage, n)
	if err != nil {
		return nil, err
	}
	return rs[0], nil
}

// ReserveAll reserves for several units in one step. A first stage that needs several at once must ask for
// them so: holding some while it waits for the rest, two such stages would wait for each other.
//
//go:noinline
func (g *Gate[T]) ReserveAll(ctx context.Context, sizes ...int64) ([]*Reservation[T], error) {
	return g.reserveAll(ctx, caller.PC(), stageOf(ctx), sizes...)
}

func (g *Gate[T]) reserveAll(ctx context.Context, where uintptr, stage string, sizes ...int64) ([]*Reservation[T], error) {
	for _, n := range sizes {
		if n < 0 {
			return nil, fmt.Errorf("memacct: %s: Reserve(%d): a size is 0 bytes or more", g.q.Name, n)
		}
	}
	if len(sizes) == 0 {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	by := reserved[T]{goid: stacks.GoroutineID(), stage: stage, where: where}
	for {
		rs, err := g.reserve(ctx, sizes, by)
		if again, err := g.b.again(err); !again {
			return rs, err
		}
	}
}

// reserve waits for the bytes of several reservations and makes them like by.
func (g *Gate[T]) reserve(ctx context.Context, sizes []int64, by reserved[T]) ([]*Reservation[T], error) {
	g.b.enter()
	charges, total := g.chargesLocked(sizes, g.chargeLocked)
	least, now := g.chargesLocked(sizes, func(n int64) int64 { return n })
	w := g.b.newWaiter(&g.q, total)
	w.NoSlot = true
	err := g.admitExpected(ctx, w, now, by.stage)
	if err != nil {
		return nil, g.b.done(w, err)
	}
	if w.Bytes < total {
		charges = least
	}
	g.q.Divide(len(sizes))
	rs := make([]*Reservation[T], len(sizes))
	for i := range rs {
		by.bytes = charges[i]
		rs[i] = g.newReservationLocked(by)
	}
	return rs, g.b.done(w, nil)
}

// chargesLocked is what units of these sizes are charged, one by one and together.
func (g *Gate[T]) chargesLocked(sizes []int64, charge func(int64) int64) (each []int64, total int64) {
	each = make([]int64, len(sizes))
	for i, n := range sizes {
		if g.b.mode != Off {
			each[i] = min(charge(min(n, core.MaxCharge)), core.MaxCharge-total)
		}
		total += each[i]
	}
	return each, total
}

// firstGuess is what a unit of unknown size is charged before the gate has seen one, in bytes.
const firstGuess = 16 << 10

// chargeLocked is what a reservation of n bytes is charged.
func (g *Gate[T]) chargeLocked(n int64) int64 {
	switch {
	case g.b.mode == Off:
		return 0
	case n > 0:
		return g.expectedLocked(min(n, core.MaxCharge))
	}
	return g.q.Mean(firstGuess)
}

// Detach says that another goroutine will settle the reservation. The one that made it may then wait at the
// gate for the next; otherwise that would be taken for waiting for itself.
func (r *Reservation[T]) Detach() {
	b := r.in.g.b
	b.enter()
	defer b.leaveQuietly()
	r.goid = 0
}

// Put hands v to the gate's consumers on this reservation: it waits for a slot, never for memory. What v
// weighs more than was reserved becomes debt, what it weighs less is given back. On an error the
// reservation lives on. A second Put returns [ErrReleased].
func (r *Reservation[T]) Put(ctx context.Context, v T) error {
	g := r.in.g
	if r.done {
		return g.at(ErrReleased)
	}
	n, err := g.weigh(v)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b, q := g.b, &g.q
	b.enter()
	c := cost{g.expectedLocked(n), n}
	if q.Redeem(r.bytes, c.charge) {
		g.pushLocked(v, c)
		r.overLocked()
		b.leave()
		return nil
	}
	w := b.newWaiter(q, c.charge)
	w.Carried = true
	if err = g.admit(ctx, w, r.stage); err == nil {
		g.pushLocked(v, c)
		q.Redeemed(w, r.bytes, c.charge)
		r.overLocked()
	}
	_, err = b.again(b.done(w, err))
	return err
}

// Release gives the reservation back if it was not put. It may be called more than once, also after Put, and on a nil
// reservation.
func (r *Reservation[T]) Release() {
	if r == nil || r.done {
		return
	}
	g := r.in.g
	g.b.enter()
	g.q.Unreserve(r.bytes)
	r.overLocked()
	g.b.leave()
}
