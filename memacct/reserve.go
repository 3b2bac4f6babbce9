package memacct

import (
	"context"
	"fmt"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Reservation is memory at a gate for a unit whose bytes were not read yet. It belongs to the goroutine that
// made it, or, after [Reservation.Detach], to one other at a time.
type Reservation[T any] struct {
	g     *Gate[T]
	bytes int64
	goid  uint64
	stage string
	aged  aged
	done  bool
}

// Reserve waits until n bytes may be used, before they are read: reserving is the only way in which a first
// stage holds nothing while it waits. [Reservation.Put] settles it; [Reservation.Release], best deferred,
// gives back what was not put. Errors are those of [Gate.Put], and a negative n is one.
func (g *Gate[T]) Reserve(ctx context.Context, n int64) (*Reservation[T], error) {
	rs, err := g.ReserveAll(ctx, n)
	if err != nil {
		return nil, err
	}
	return rs[0], nil
}

// ReserveAll reserves for several units in one step. A first stage that needs several at once must ask for
// them so: holding some while it waits for the rest, two such stages would wait for each other.
func (g *Gate[T]) ReserveAll(ctx context.Context, sizes ...int64) ([]*Reservation[T], error) {
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
	by := Reservation[T]{g: g, goid: goroutineID(), stage: stageOf(ctx)}
	for {
		rs, err := g.reserve(ctx, sizes, by)
		if !g.b.again(err) {
			return rs, err
		}
	}
}

// reserve waits for the bytes of several reservations and makes them like by.
func (g *Gate[T]) reserve(ctx context.Context, sizes []int64, by Reservation[T]) ([]*Reservation[T], error) {
	g.b.lock()
	rs := make([]*Reservation[T], len(sizes))
	var total int64
	for i, n := range sizes {
		r := by
		if g.b.mode != Off {
			r.bytes = min(g.expected(min(n, core.MaxCharge)), core.MaxCharge-total)
		}
		total += r.bytes
		rs[i] = &r
	}
	w := g.b.newWaiter(&g.q, total)
	w.NoSlot = true
	err := g.admit(ctx, w)
	if err != nil {
		return nil, g.b.done(w, err)
	}
	g.q.Divide(len(rs))
	for _, r := range rs {
		g.b.holders = append(g.b.holders, r)
	}
	return rs, g.b.done(w, nil)
}

// Detach says that another goroutine will settle the reservation. The one that made it may then wait at the
// gate for the next; otherwise that would be taken for waiting for itself.
func (r *Reservation[T]) Detach() {
	r.g.b.lock()
	r.g.b.release(r)
	r.g.b.unlockQuiet()
}

// holdsIn tells whether that goroutine made the reservation and has not settled it.
func (r *Reservation[T]) holdsIn(goid uint64) bool { return r.goid == goid }

// collect has nothing to do: a reservation is settled or not.
func (r *Reservation[T]) collect() {}

// Put hands v to the gate's consumers on this reservation: it waits for a slot, never for memory. What v
// weighs more than was reserved becomes debt, what it weighs less is given back. On an error the
// reservation lives on. A second Put returns [ErrReleased].
func (r *Reservation[T]) Put(ctx context.Context, v T) error {
	if r.done {
		return ErrReleased
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
		r.g.ring.push(v, c)
		r.finish()
		b.unlock()
		return nil
	}
	w := b.newWaiter(q, c.charge)
	w.Carried, w.Units = true, 1
	if err = r.g.admit(ctx, w); err == nil {
		r.g.ring.push(v, c)
		q.Redeemed(w, r.bytes, c.charge)
		r.finish()
	}
	return b.done(w, err)
}

// Release gives the reservation back if it was not put. It may be called more than once, also after Put.
func (r *Reservation[T]) Release() {
	if r.done {
		return
	}
	r.g.b.lock()
	r.g.q.Unreserve(r.bytes)
	r.finish()
	r.g.b.unlock()
}

// finish marks the reservation as settled. The lock is held.
func (r *Reservation[T]) finish() {
	r.done = true
	r.g.b.release(r)
}
