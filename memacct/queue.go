package memacct

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/caller"
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

// Sender is what a function asks for that only puts units: what chan<- T is to a channel. A *[Gate] and a *[Queue] are
// Senders. Whether a put waits for memory is the queue's business. A lease's unit is moved on to one by [Lease.Forward],
// [ForwardAs], [Lease.ForwardAll] and [ShareAs].
type Sender[T any] interface {
	Put(ctx context.Context, v T) error
	Close()
}

// Receiver is what a function asks for that only takes units: what <-chan T is to a channel. A *[Gate] and a *[Queue]
// are Receivers.
type Receiver[T any] interface {
	All(ctx context.Context) iter.Seq[T]
	Batches(ctx context.Context, by Batch) iter.Seq[[]T]
	Leases(ctx context.Context) iter.Seq[*Lease[T]]
	Chan(ctx context.Context) <-chan *Lease[T]
	Len() int
}

var (
	_ Sender[int]   = (*Gate[int])(nil)
	_ Sender[int]   = (*Queue[int])(nil)
	_ Receiver[int] = (*Gate[int])(nil)
	_ Receiver[int] = (*Queue[int])(nil)
)

// lineOf is the gate or the queue that to is; nil for a Sender of somebody else.
func lineOf[T any](to Sender[T]) *line[T] {
	switch q := to.(type) {
	case *Queue[T]:
		return &q.line
	case *Gate[T]:
		return &q.line
	}
	return nil
}

// Chan is for a receive in a select: a channel of leases, which is closed when the queue is closed and drained or ctx
// is done; the caller asks ctx.Err() which. Whoever receives a lease must Release or Forward it, as one that was
// detached, from any goroutine; one that is lost is reported with the place of this call.
//
// A goroutine takes the units, one ahead of who receives: that unit is charged, and in nobody's hand. It ends with the
// channel, so ctx must be done at some time where the receiver may stop before the queue ends. What was not received
// by then is released. A lease so received costs about a microsecond, three times one of [Queue.Leases], which needs
// no other goroutine and no cleanup (BenchmarkChan). Several receivers may share the channel.
//
//go:noinline
func (l *line[T]) Chan(ctx context.Context) <-chan *Lease[T] {
	where := caller.PC()
	units := make(chan *Lease[T])
	go func() {
		defer close(units)
		for lease := range l.Leases(ctx) {
			lease.detach(where)
			select {
			case units <- lease:
			case <-ctx.Done():
				lease.Release()
			}
		}
	}()
	return units
}

// Expect says how many units are to come through g in all, as the header of an index may tell; 0 is unknown. It is for
// reports: where units leave something behind when they end, an error says what the rest will leave. It may be called
// again with a better number, and by several goroutines.
func (g *Gate[T]) Expect(units int64) {
	if g.b == nil {
		return
	}
	g.b.enter()
	defer g.b.leaveQuietly()
	g.b.arrivals.expected += max(0, units) - g.units
	g.units = max(0, units)
}
