package memacct

import (
	"runtime"
	"time"
	"weak"

	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// bundleSize is how many reservations are made of one allocation, and watched over by one cleanup. Each of its own
// would cost more than all the rest of a reservation.
const bundleSize = 16

// bundle is what a gate's last reservations hold. Their owners have pointers into of, which the budget refers to
// weakly: once none of them is left, those that are open were lost. One that is lost is so found no later than the
// others of its bundle are let go.
type bundle[T any] struct {
	g    *Gate[T]
	of   weak.Pointer[[bundleSize]Reservation[T]]
	all  [bundleSize]reserved[T]
	used int // of all, in order
	open int // of those, neither put nor released
	lost runtime.Cleanup
}

// reservationBundle is a bundle, whatever the type of its units. Its methods want the lock held.
type reservationBundle interface {
	usages(now time.Time) []Usage
	makers(of map[uint64]bool)
	parkLocked(goid uint64, p *parking)
}

// newReservationLocked returns a reservation like by.
func (g *Gate[T]) newReservationLocked(by reserved[T]) *Reservation[T] {
	k := g.bundle
	var of *[bundleSize]Reservation[T]
	if k != nil && k.used < bundleSize {
		of = k.of.Value()
	}
	if of == nil {
		k, of = g.newBundle()
	}
	i := k.used
	k.used++
	k.open++
	g.b.holders.open++
	by.in = k
	k.all[i] = by
	r := &of[i]
	r.reserved = &k.all[i]
	return r
}

func (g *Gate[T]) newBundle() (*bundle[T], *[bundleSize]Reservation[T]) {
	of := new([bundleSize]Reservation[T])
	k := &bundle[T]{g: g, of: weak.Make(of)}
	k.lost = runtime.AddCleanup(of, (*bundle[T]).giveBack, k)
	if g.b.holders.reservations == nil {
		g.b.holders.reservations = map[reservationBundle]struct{}{}
	}
	g.b.holders.reservations[k] = struct{}{}
	g.bundle = k
	return k, of
}

// overLocked marks the reservation as put or released.
func (r *reserved[T]) overLocked() {
	k := r.in
	r.done = true
	k.open--
	k.g.b.holders.open--
	if k.open == 0 && k.used == bundleSize {
		delete(k.g.b.holders.reservations, reservationBundle(k))
		k.lost.Stop()
	}
}

// giveBack is the end of a bundle that nobody refers to any more.
func (k *bundle[T]) giveBack() {
	b := k.g.b
	b.enter()
	var lost []*reserved[T]
	for i := range k.used {
		if r := &k.all[i]; !r.done {
			k.g.q.Unreserve(r.bytes)
			r.overLocked()
			lost = append(lost, r)
		}
	}
	delete(b.holders.reservations, reservationBundle(k))
	if len(lost) == 0 {
		b.leaveQuietly() // this changes nothing for anybody
		return
	}
	b.leave()
	for _, r := range lost {
		go b.reportLost(&k.g.q, "a reservation", r.bytes, "made", r.where)
	}
}

// usages says what is reserved.
func (k *bundle[T]) usages(now time.Time) (all []Usage) {
	for i := range k.used {
		r := &k.all[i]
		if r.done {
			continue
		}
		u := k.g.info.usage(Reserved, 1, r.bytes)
		u.Stage, u.goid, u.Where, u.handed = r.stage, r.goid, stacks.CallName(r.where), r.goid == 0
		u.Largest, u.Age = r.bytes, r.aged.unchanged(now, r.bytes)
		all = append(all, u)
	}
	return all
}

// makers adds the goroutines that have made what is open, and have not handed it to another. What grows just now is
// what they wait for, and not what they hold meanwhile.
func (k *bundle[T]) makers(of map[uint64]bool) {
	for i := range k.used {
		if r := &k.all[i]; !r.done && !r.grows && r.goid != 0 {
			of[r.goid] = true
		}
	}
}

// parkLocked parks what that goroutine has reserved, and has not handed to another.
func (k *bundle[T]) parkLocked(goid uint64, p *parking) {
	for i := range k.used {
		if r := &k.all[i]; !r.done && r.goid == goid {
			p.parkLocked(&k.g.q, nil)
		}
	}
}
