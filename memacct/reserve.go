package memacct

import (
	"context"
	"fmt"
	"runtime"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Reservation is memory at a gate for a unit whose bytes were not read yet. It belongs to the goroutine that
// made it, or, after [Reservation.Detach], to one other at a time. One that is lost, neither put nor released, is
// found when it is garbage collected, reported with the place where it was made, and given back.
type Reservation[T any] struct {
	*reserved[T]
	lost runtime.Cleanup
}

// reserved is what a reservation holds. The budget refers to it, and so would keep a lost Reservation alive.
type reserved[T any] struct {
	g     *Gate[T]
	bytes int64
	goid  uint64
	stage string
	where uintptr // it was made
	aged  aged
	done  bool
}

// Reserve waits until n bytes may be used, before they are read: reserving is the only way in which a first
// stage holds nothing while it waits. [Reservation.Put] settles it; [Reservation.Release], best deferred,
// gives back what was not put. Errors are those of [Gate.Put], and a negative n is one.
func (g *Gate[T]) Reserve(ctx context.Context, n int64) (*Reservation[T], error) {
	rs, err := g.reserveAll(ctx, callSite(1), n)
	if err != nil {
		return nil, err
	}
	return rs[0], nil
}

// ReserveAll reserves for several units in one step. A first stage that needs several at once must ask for
// them so: holding some while it waits for the rest, two such stages would wait for each other.
func (g *Gate[T]) ReserveAll(ctx context.Context, sizes ...int64) ([]*Reservation[T], error) {
	return g.reserveAll(ctx, callSite(1), sizes...)
}

func (g *Gate[T]) reserveAll(ctx context.Context, where uintptr, sizes ...int64) ([]*Reservation[T], error) {
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
	by := reserved[T]{g: g, goid: goroutineID(), stage: stageOf(ctx), where: where}
	for {
		rs, err := g.reserve(ctx, sizes, by)
		if !g.b.again(err) {
			return rs, err
		}
	}
}

// reserve waits for the bytes of several reservations and makes them like by.
func (g *Gate[T]) reserve(ctx context.Context, sizes []int64, by reserved[T]) ([]*Reservation[T], error) {
	g.b.lock()
	charges, total := g.charges(sizes, g.expected)
	least, now := g.charges(sizes, func(n int64) int64 { return n })
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
		one := by
		one.bytes = charges[i]
		r := &Reservation[T]{reserved: &one}
		rs[i] = r
		g.b.book(r.reserved, r.goid)
		r.lost = runtime.AddCleanup(r, (*reserved[T]).giveBack, r.reserved)
	}
	return rs, g.b.done(w, nil)
}

// charges is what units of these sizes are charged, one by one and together. The lock is held.
func (g *Gate[T]) charges(sizes []int64, charge func(int64) int64) (each []int64, total int64) {
	each = make([]int64, len(sizes))
	if g.b.mode == Off {
		return each, 0
	}
	for i, n := range sizes {
		each[i] = min(charge(min(n, core.MaxCharge)), core.MaxCharge-total)
		total += each[i]
	}
	return each, total
}

// Detach says that another goroutine will settle the reservation. The one that made it may then wait at the
// gate for the next; otherwise that would be taken for waiting for itself.
func (r *Reservation[T]) Detach() {
	r.g.b.lock()
	defer r.g.b.unlockQuiet()
	if !r.done {
		r.g.b.handOver(r.goid)
		r.goid = 0
	}
}

// book notes a reservation that a goroutine has made. The lock is held.
func (b *Budget) book(r booking, goid uint64) {
	if b.booked == nil {
		b.booked, b.booking = map[booking]struct{}{}, map[uint64]int{}
	}
	b.booked[r] = struct{}{}
	b.booking[goid]++
}

// handOver forgets that a goroutine has made a reservation. The lock is held.
func (b *Budget) handOver(goid uint64) {
	if b.booking[goid]--; b.booking[goid] <= 0 {
		delete(b.booking, goid)
	}
}

// Put hands v to the gate's consumers on this reservation: it waits for a slot, never for memory. What v
// weighs more than was reserved becomes debt, what it weighs less is given back. On an error the
// reservation lives on. A second Put returns [ErrReleased].
func (r *Reservation[T]) Put(ctx context.Context, v T) error {
	if r.done {
		return r.g.at(ErrReleased)
	}
	n, err := r.g.weigh(v)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b, q := r.g.b, &r.g.q
	b.lock()
	c := cost{r.g.expected(n), n}
	if q.Redeem(r.bytes, c.charge) {
		r.g.push(v, c)
		r.finish()
		b.unlock()
		return nil
	}
	w := b.newWaiter(q, c.charge)
	w.Carried = true
	if err = r.g.admit(ctx, w, r.stage); err == nil {
		r.g.push(v, c)
		q.Redeemed(w, r.bytes, c.charge)
		r.finish()
	}
	return b.done(w, err)
}

// Release gives the reservation back if it was not put. It may be called more than once, also after Put, and on a nil
// reservation.
func (r *Reservation[T]) Release() {
	if r == nil || r.done {
		return
	}
	r.g.b.lock()
	r.g.q.Unreserve(r.bytes)
	r.finish()
	r.g.b.unlock()
}

// finish marks the reservation as settled. The lock is held.
func (r *Reservation[T]) finish() {
	r.settled()
	r.lost.Stop()
}

func (r *reserved[T]) settled() {
	r.done = true
	delete(r.g.b.booked, booking(r))
	if r.goid != 0 {
		r.g.b.handOver(r.goid)
	}
}

// giveBack is the end of a reservation that was lost.
func (r *reserved[T]) giveBack() {
	b := r.g.b
	b.lock()
	lost := !r.done
	if lost {
		r.g.q.Unreserve(r.bytes)
		r.settled()
	}
	b.unlock()
	if lost {
		go b.reportLost(&r.g.q, "a reservation", r.bytes, "made", r.where)
	}
}
