package memacct

import (
	"context"
	"fmt"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// GrowTo says that the unit weighs n bytes by now, while it is built, and waits until so many may be used. It does
// nothing where as many are reserved already. Errors are those of [Gate.Put], [ErrReleased] among them, and a negative n
// is one; on an error the reservation stays as it was: release it, or put what there is.
//
// So a unit whose size nobody knows beforehand is charged as it grows, and the first giant can't break the limit before
// the gate sees it. Call it for every 64 KiB or so: each call takes the budget's lock, and what is built between two is
// charged to nobody.
//
// Who grows comes before all who wait at gates, and of several who grow the one that had to wait first. Where several
// hold all the memory, and each needs more, one of them gets a [*BudgetError] at once: one that would not fit alone, else
// the youngest, and what it releases serves the others. With [Overrun] the oldest goes past the limit, as far as that
// allows. A goroutine that has another reservation or a unit in hand must not grow one: see [ErrNested].
func (r *Reservation[T]) GrowTo(ctx context.Context, n int64) error {
	g := r.in.g
	switch {
	case r.done:
		return g.at(ErrReleased)
	case n < 0:
		return fmt.Errorf("memacct: %s: GrowTo(%d): a size is 0 bytes or more", g.q.Name, n)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b := g.b
	b.enter()
	more := r.toGrowLocked(n)
	if more <= 0 || g.q.Grow(more) {
		r.bytes += max(0, more)
		b.leave()
		return nil
	}
	b.leaveQuietly()
	for {
		if again, err := b.again(r.growSlow(ctx, n)); !again {
			return err
		}
	}
}

// toGrowLocked is how many bytes are to be charged for the unit to weigh n.
func (r *Reservation[T]) toGrowLocked(n int64) int64 {
	g := r.in.g
	if g.b.mode == Off {
		return 0
	}
	return g.expectedLocked(min(n, core.MaxCharge)) - r.bytes
}

// growSlow is GrowTo where it may have to wait.
func (r *Reservation[T]) growSlow(ctx context.Context, n int64) error {
	g := r.in.g
	g.b.enter()
	more := r.toGrowLocked(n)
	if more <= 0 { // the growth that is expected was less, just now
		g.b.leave()
		return nil
	}
	w := g.b.newWaiter(&g.q, more)
	w.Grows, w.Held, w.Turn = true, r.bytes, r.turn
	r.grows = true
	err := g.admitExpected(ctx, w, min(more, max(0, n-r.bytes)), r.stage)
	r.grows, r.turn = false, w.Turn
	if err == nil {
		r.bytes += w.Bytes
		g.q.Grown(w)
	}
	return g.b.done(w, err)
}

// Building charges units while they are built, one after the other: what a reader tells of the one that it is at, and
// the unit itself once it is put. Units that are put before anything was told of them go the way of [Gate.Put], at its
// cost. It belongs to one goroutine; each that builds units has its own.
//
//	unit := gate.Building(ctx)
//	defer unit.Release()
//	repo, err := rpm.Open(ctx, location, rpm.Options{Building: unit.Weighs})
//	...
//	err = unit.Put(ctx, pkg)
type Building[T any] struct {
	g   *Gate[T]
	ctx context.Context
	r   *Reservation[T] // nil until something is told
}

// Building returns the means to charge a unit that is built. It charges nothing by itself; what waits within Weighs ends
// with ctx.
func (g *Gate[T]) Building(ctx context.Context) *Building[T] { return &Building[T]{g: g, ctx: ctx} }

// Weighs says that the unit that is being built weighs so many bytes by now, and waits until it may: see
// [Reservation.GrowTo]. On an error the unit must be given up; what was charged for it is released.
func (u *Building[T]) Weighs(bytes int64) (err error) {
	if u.r == nil {
		if bytes == 0 {
			return u.ctx.Err() // nothing is to be charged, least of all a mean
		}
		u.r, err = u.g.Reserve(u.ctx, bytes)
		return err
	}
	if err = u.r.GrowTo(u.ctx, bytes); err != nil {
		u.Release()
	}
	return err
}

// Put hands v to the gate's consumers, in place of what was told of it: see [Reservation.Put]. On an error what was
// charged is released, and v was not accepted.
func (u *Building[T]) Put(ctx context.Context, v T) error {
	if u.r == nil {
		return u.g.Put(ctx, v)
	}
	err := u.r.Put(ctx, v)
	u.Release()
	return err
}

// Release gives back what was charged for a unit that is not put: defer it. It may be called more than once, and
// another unit be built after it.
func (u *Building[T]) Release() {
	u.r.Release()
	u.r = nil
}
