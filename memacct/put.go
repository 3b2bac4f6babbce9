package memacct

import (
	"context"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Put hands v to the consumers. It waits for memory, then for a slot, and returns a [*BudgetError] when there
// never will be memory, ctx's error when ctx ends first, or [ErrClosed]. On an error v was not accepted.
//
// A goroutine that holds a unit or a reservation of this budget must not put another through the gate: it
// would hold memory while it waits for memory. Where that waits for a second or two, Put returns [ErrNested]; not
// where the unit is from a loop that iter.Pull runs, which is a goroutine of its own.
//
// What [Account.Charge] charged is nothing in flight: a unit that it alone keeps out is refused, and does not wait
// until it is given back.
func (g *Gate[T]) Put(ctx context.Context, v T) error { return g.put(ctx, v) }

// Put hands v to the consumers, waiting for a slot but never for memory, and returns ctx's error when ctx
// ends first, or [ErrClosed]. On an error v was not accepted.
//
// From inside a consumer's loop body the unit is charged here before the body's own charge ends: for that
// moment it counts twice. [Lease.Forward] and package pipeline move the charge instead.
func (q *Queue[T]) Put(ctx context.Context, v T) error { return q.put(ctx, v) }

func (l *line[T]) put(ctx context.Context, v T) (err error) {
	n := int64(-1) // this is weigh, by hand: the call would make every put dearer by a tenth
	defer func() {
		if n < 0 {
			err = l.sizeError(v, n, recover())
		}
	}()
	if l.b.mode == Off {
		n = 0
	} else if n = min(l.size(v), core.MaxCharge); n < 0 {
		return nil // but for what is deferred
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if in := l.in.Load(); in != nil { // by hand, too: most units go this way
		if slot := in.takeSlot(n); slot != none {
			if !in.fill(slot, v, n) {
				l.arriveLate(v, n)
			}
			return nil
		}
	}
	l.b.enter()
	if c := (cost{l.expectedLocked(n), n}); l.q.Put(c.charge) {
		l.acceptLocked(v, c)
		l.b.postedLocked(l)
		l.b.leave()
		return nil
	}
	return l.putSlow(ctx, v, n)
}

// PutAll hands several units to the consumers, in order, with one lock for as many of them as need not wait.
// It returns how many were accepted, all of them unless there is an error; errors are those of Put.
func (l *line[T]) PutAll(ctx context.Context, vs ...T) (accepted int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var costs [64]cost
	for accepted < len(vs) {
		chunk := vs[accepted:min(len(vs), accepted+len(costs))]
		n := l.weighAll(chunk, costs[:])
		put, err := l.putChunk(ctx, chunk[:n], costs[:n])
		accepted += put
		if err != nil {
			return accepted, err
		}
		if n < len(chunk) { // that one can't be weighed: Put says so
			if err := l.put(ctx, chunk[n]); err != nil {
				return accepted, err
			}
			accepted++
		}
	}
	return accepted, nil
}

// putChunk puts units that were weighed, and waits where it has to.
func (l *line[T]) putChunk(ctx context.Context, vs []T, costs []cost) (accepted int, err error) {
	for accepted < len(vs) {
		accepted += l.putNow(vs[accepted:], costs[accepted:])
		if accepted == len(vs) {
			break
		}
		if err := ctx.Err(); err != nil {
			return accepted, err
		}
		l.b.enter()
		if err := l.putSlow(ctx, vs[accepted], costs[accepted].base); err != nil {
			return accepted, err
		}
		accepted++
	}
	return accepted, nil
}

// putNow puts the units that need not wait, up to the first that does, and returns how many that were. Of costs
// it is told what the units weigh.
func (l *line[T]) putNow(vs []T, costs []cost) int {
	l.b.enter()
	defer l.b.leave()
	n := min(len(vs), l.q.Room())
	if n == 0 {
		return 0
	}
	var total, largest int64
	for i := range n {
		c := &costs[i]
		largest = max(largest, c.base)
		c.charge = l.expectedLocked(c.base)
		total += c.charge
	}
	if l.q.PutAll(n, total) {
		l.b.arrivals.largest = max(l.b.arrivals.largest, largest)
		l.came(n)
		l.ring.pushAll(vs[:n], costs[:n])
		return n
	}
	for i, v := range vs[:n] {
		if !l.q.Put(costs[i].charge) {
			return i
		}
		l.acceptLocked(v, costs[i])
	}
	return n
}

// putSlow is put where it has to wait. The lock is held on entry.
func (l *line[T]) putSlow(ctx context.Context, v T, n int64) error {
	l.b.leave()
	stage := stageOf(ctx)
	l.b.enter()
	for {
		c := cost{l.expectedLocked(n), n}
		w := l.b.newWaiter(&l.q, c.charge)
		err := l.admitExpected(ctx, w, n, stage)
		c.charge = w.Bytes
		if err == nil {
			l.acceptLocked(v, c)
			l.q.Arrive(w)
		}
		if again, err := l.b.again(l.b.done(w, err)); !again {
			return err
		}
		l.b.enter()
	}
}

// acceptLocked puts a unit that was admitted where consumers find it.
func (l *line[T]) acceptLocked(v T, c cost) {
	if c.base > l.b.arrivals.largest {
		l.b.arrivals.largest = c.base
	}
	l.pushLocked(v, c)
}

// pushLocked puts a unit, admitted or moved here, where consumers find it.
func (l *line[T]) pushLocked(v T, c cost) {
	l.came(1)
	l.ring.push(v, c)
}

// came notes when the first of the units came that are there, where somebody waits for them for so long. The lock is
// held, and the units are not in the ring yet.
func (l *line[T]) came(n int) {
	if l.lingers > 0 && l.ring.n == 0 && n > 0 {
		l.first = time.Now()
	}
}

// admitExpected is admit for units that are expected to weigh w.Bytes and weigh now bytes at the gate. That is an
// estimate, and must have nobody refused: what they weigh now is tried then, and is w.Bytes from there on.
func (l *line[T]) admitExpected(ctx context.Context, w *core.Waiter, now int64, stage string) error {
	err := l.admit(ctx, w, stage)
	if _, refused := err.(*refusal); refused && w.Bytes > now {
		l.b.core.Told(w)
		w.Bytes = now
		err = l.admit(ctx, w, stage)
	}
	return err
}

// admit stands in line as w until it is granted. The lock is held on entry and on return.
func (l *line[T]) admit(ctx context.Context, w *core.Waiter, stage string) error {
	if l.q.Closed() {
		return l.at(ErrClosed)
	}
	if l.q.Gate && !w.Carried && !l.a.acct.Room(w.Bytes) && !l.b.alert.Swap(true) {
		l.b.collectLocked() // and loops collect themselves from now on
	}
	w.Loop = l.b.handLocked()
	l.b.core.Enqueue(w)
	if w.State == core.Waiting {
		l.waits.begin()
		defer l.waits.end()
	}
	return l.b.await(ctx, w, stage)
}
