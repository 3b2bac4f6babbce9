package memacct

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// Gate is the queue behind a first stage, and the only place that ever waits for memory. All methods may be
// called from many goroutines.
type Gate[T any] struct {
	line[T]
	bundle *bundle[T] // that the next reservation is made of
}

// Queue is any later queue: it waits for a slot, never for memory. All methods may be called from many
// goroutines.
type Queue[T any] struct{ line[T] }

// NewGate makes a gate of that many slots; size gives a unit's bytes and is called once a Put, outside all
// locks. A capacity of 0 is taken as 1. It panics on a negative capacity and on a nil size for an account
// that is not nil, since both are mistakes in the program and not of its input.
func NewGate[T any](a *Account, name string, capacity int, size func(T) int64) *Gate[T] {
	g := new(Gate[T])
	g.open(a, name, capacity, size, true)
	return g
}

// NewQueue makes a queue of that many slots; see [NewGate]. Make the queues of a pipeline in the order in
// which a unit passes them: under pressure the deepest batch is handed on first.
func NewQueue[T any](a *Account, name string, capacity int, size func(T) int64) *Queue[T] {
	q := new(Queue[T])
	q.open(a, name, capacity, size, false)
	return q
}

// line is what a gate and a queue share: the values, beside their accounting in the core.
type line[T any] struct {
	b           *Budget
	q           core.Queue
	size        func(T) int64
	ring        ring[T]
	in          atomic.Pointer[inbox[T]]
	a           *Account
	prefetching []*consumer[T] // the loops that may take units ahead
	waits       waits
	info        *queueInfo
	units       int64 // to come in all, see Expect

	lingers int       // loops whose batches do not wait for ever
	first   time.Time // while there are some: when the first of the units came that are queued, or later
}

func (l *line[T]) open(a *Account, name string, capacity int, size func(T) int64, gate bool) {
	if capacity < 0 {
		panic(fmt.Sprintf("memacct: queue %q: capacity %d: use 0 or more slots", name, capacity))
	}
	if a == nil {
		a = unaccounted()
	} else if size == nil {
		panic(fmt.Sprintf("memacct: queue %q has no size function: pass sizer.Of[T] or one of your own", name))
	}
	l.b, l.size, l.a = a.b, size, a
	l.q = core.Queue{Name: name, Account: &a.acct, Gate: gate, Capacity: max(1, capacity)}
	a.b.enter()
	defer a.b.leave()
	a.b.core.AddQueue(&l.q)
	l.info = &queueInfo{q: &l.q, unit: reflect.TypeFor[T]().String(), waits: &l.waits, most: l.ring.most, discard: l.discard}
	a.forgetLocked()
	if p := a.pastOfLocked(name, gate); p != nil {
		l.info.growth = p.Growth // a pipeline that runs again need not learn it again
	}
	a.queues = append(a.queues, l.info)
	if a.closed || a.b.closing.begun && gate {
		l.q.Close()
	}
}

// unaccounted returns an account that charges nothing, on a budget that nothing else is on.
func unaccounted() *Account {
	a := &Account{b: &Budget{mode: Off, log: slog.Default(), core: *core.New(0)}}
	a.b.core.Mode = core.Off
	a.acct.Weight = 1
	a.b.core.Add(&a.acct)
	return a
}

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

// Close says that no more units come, as close does for a channel. Consumers take what is there, and their
// loops end; puts, waiting ones too, fail with [ErrClosed]. Closing twice is harmless.
func (l *line[T]) Close() {
	l.b.enter()
	l.q.Close()
	l.b.leave()
}

// Len returns how many units are queued.
func (l *line[T]) Len() int {
	l.b.enter()
	defer l.b.leaveQuietly()
	n, _ := l.q.Ready()
	return n + l.notBegunLocked()
}

// Drained reports whether consumers will get nothing more: the queue is closed, empty, and nothing is on its
// way in.
func (l *line[T]) Drained() bool {
	l.b.enter()
	defer l.b.leaveQuietly()
	return l.q.Ended() && l.notBegunLocked() == 0
}

// notBegunLocked is how many units loops have taken ahead and not begun.
func (l *line[T]) notBegunLocked() (n int) {
	for _, c := range l.prefetching {
		n += max(0, c.extent-int(c.begun.Load()))
	}
	return n
}

// Flush says that somebody waits for a unit in this queue: the batch it is in is handed on now.
func (l *line[T]) Flush() {
	l.b.enter()
	l.recallLocked()
	l.q.Await()
	l.b.leave()
}

// Discard drops what is queued and returns how many units that was. It is for a pipeline that stops early:
// the units' charges end here.
func (l *line[T]) Discard() int {
	l.b.enter()
	defer l.b.leave()
	l.recallLocked()
	return l.discard()
}

// discard is Discard with the lock held.
func (l *line[T]) discard() int {
	n, bytes := l.q.Ready()
	for _, p := range l.partsLocked() {
		l.b.endPartLocked(p)
	}
	l.ring.clear()
	l.q.Discard(n, bytes)
	return n
}

// All yields the units as they come, until the queue is closed and drained or ctx is done; the caller asks
// ctx.Err() which. Each stays charged until its loop body ends, and for some loop bodies more where nobody waits
// for memory. Several loops may share a queue.
func (l *line[T]) All(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		c := l.attach(ctx, core.Taker{Size: 1, Prefetch: min(mostPrefetch, l.q.Capacity/4)}, 0)
		defer c.end()
		for c.advance(ctx) && yield(c.vals[c.at]) {
		}
	}
}

// mostPrefetch is how many units a loop over single ones takes at once, at most: a lock for so many of them costs
// next to nothing a unit.
const mostPrefetch = 64

// at is err with the queue that it is about.
func (l *line[T]) at(err error) error { return atQueue(&l.q, err) }
