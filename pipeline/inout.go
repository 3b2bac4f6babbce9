package pipeline

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/syncmem/syncmem/memacct"
)

// source is what a stage takes from: the gate or a queue.
type source[T any] interface {
	LeaseBatches(ctx context.Context, by memacct.Batch) iter.Seq[*memacct.LeaseBatch[T]]
	Drained() bool
	Flush()
	ExpectLoops(n int)
	Park(done <-chan struct{}) (unpark func())
	Discard() int
	Stats() memacct.QueueStats
}

// In is where a stage takes its units from. It may be used from several goroutines, each with its own loop.
type In[T any] struct {
	src    source[T]
	batch  memacct.Batch
	future carrier[T]
	post   *post
	last   bool         // of the last stage
	ended  atomic.Int64 // there, units that it emitted, or whose loop body ended well without

	mu    sync.Mutex
	hands []*hand[T] // what the stage's loops have in hand, for Out.Put to find
}

// hand is the batch in the hand of a loop.
type hand[T any] struct {
	*memacct.LeaseBatch[T]         // nil between two batches
	next                   int     // behind the unit found last
	first                  *future // of its units, the first that has one
	size                   int
}

// find returns where v is in the hand, -1 if it is not. Whether it was emitted before is only looked at where the
// answer must be sure. Stages mostly emit in the order in which they took, so it looks behind the unit found last
// first: those before it that were dropped are not looked at again and again.
func (h *hand[T]) find(v T, sure bool) int {
	if h.LeaseBatch == nil {
		return -1
	}
	units := h.Units()
	for k := range units {
		i := h.next + k
		if i >= len(units) {
			i -= len(units)
		}
		if any(units[i]) == any(v) && (!sure || h.Has(i)) {
			h.next = i + 1
			return i
		}
	}
	return -1
}

// All yields the units as they come, until there will be no more or ctx is done. A unit is charged until its
// loop body ends or it was emitted.
func (in *In[T]) All(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		for b := range in.leases(ctx, 1) {
			if !yield(b.Units()[0]) {
				return
			}
		}
	}
}

// Batches yields the units in batches of n (0: the pipeline's batch size), fewer when memory is short, until
// there will be no more or ctx is done. The slice is reused: copy what must outlive the body.
func (in *In[T]) Batches(ctx context.Context, n int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for b := range in.leases(ctx, n) {
			if !yield(b.Units()) {
				return
			}
		}
	}
}

// leases yields what the loops above are made of, and shows it to Out.Put while the loop body runs.
func (in *In[T]) leases(ctx context.Context, n int) iter.Seq[*memacct.LeaseBatch[T]] {
	return in.lent(ctx, in.by(n), new(hand[T]))
}

// by is the batch of n units, 0 for the pipeline's batch size.
func (in *In[T]) by(n int) memacct.Batch {
	by := in.batch
	if n > 0 {
		by.Size = n
	}
	return by
}

// lent is leases, by h.
func (in *In[T]) lent(ctx context.Context, by memacct.Batch, h *hand[T]) iter.Seq[*memacct.LeaseBatch[T]] {
	return func(yield func(*memacct.LeaseBatch[T]) bool) {
		in.mu.Lock()
		in.hands = append(in.hands, h)
		in.mu.Unlock()
		defer func() {
			in.mu.Lock()
			in.hands = slices.DeleteFunc(in.hands, func(o *hand[T]) bool { return o == h })
			in.mu.Unlock()
		}()
		for b := range in.src.LeaseBatches(ctx, by) {
			if !in.lend(h, b, yield) {
				return
			}
		}
	}
}

// lend has the loop body work on b, and hides b again before its loop ends it.
func (in *In[T]) lend(h *hand[T], b *memacct.LeaseBatch[T], yield func(*memacct.LeaseBatch[T]) bool) bool {
	in.show(h, b)
	if in.future != nil {
		defer in.exits(b)
	}
	defer in.show(h, nil)
	if !yield(b) {
		return false
	}
	if in.last {
		in.ended.Add(int64(b.Left()))
	}
	return true
}

// show has Out.Put look for units in b.
func (in *In[T]) show(h *hand[T], b *memacct.LeaseBatch[T]) {
	var first *future
	size := 0
	if b != nil && in.future != nil {
		size = len(b.Units())
		for i := 0; i < size && first == nil; i++ {
			first = in.future.of(b.Units()[i])
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	h.LeaseBatch, h.next, h.first, h.size = b, 0, first, size
}

// drained reports whether everything that will ever come was taken.
func (in *In[T]) drained() bool { return in.src.Drained() }

// find returns the batch in hand that has v, and where; nil if none has. If it need not be sure, v may have been
// emitted before, which the batch says when it is to forward.
func (in *In[T]) find(v T, sure bool) (*memacct.LeaseBatch[T], int) {
	if !identifiable(v) {
		return nil, 0
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, h := range in.hands {
		if i := h.find(v, sure); i >= 0 {
			return h.LeaseBatch, i
		}
	}
	return nil, 0
}

// identifiable reports whether v is a pointer, the one kind of unit of which "the same" is beyond doubt.
// Other units are charged afresh where they are emitted, and their old charge ends with the loop body.
func identifiable[T any](v T) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.Kind() == reflect.Pointer
}

// ErrNil is returned for a unit that is a nil pointer, or nothing in an interface: no stage could tell it from none.
var ErrNil = errors.New("pipeline: a unit is nil")

func isNil[T any](v T) bool {
	r := reflect.ValueOf(&v).Elem()
	if r.Kind() == reflect.Interface {
		if r.IsNil() {
			return true
		}
		r = r.Elem()
	}
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// Out is where a stage emits its units to. It may be used from several goroutines.
type Out[T any] struct {
	gate *memacct.Gate[T]  // nil behind a stage
	to   *memacct.Queue[T] // nil behind the last stage
	in   *In[T]            // of the same stage; nil for the first

	awaited *awaited
	future  carrier[T]
	post    *post // of the stage
	next    *post // of the one behind it; nil behind the last stage
	all     sync.WaitGroup
	guard   func(fn func(context.Context) error)
}

// Put emits v. From the first stage it waits for memory, then for a slot; from any other for a slot only.
// Behind the last stage it ends the unit. On an error v was not accepted, and the stage should return it. A unit that
// is no pointer is charged twice while the loop body lasts that took it: see [Config].Size.
func (o *Out[T]) Put(ctx context.Context, v T) error {
	return o.emit(ctx, v, (*memacct.LeaseBatch[T]).Forward)
}

// Pass is Put for a unit that the stage took and did not change: it is not measured again. A unit that did grow
// then keeps the charge that it had, and the limit is held for less than there is.
func (o *Out[T]) Pass(ctx context.Context, v T) error {
	return o.emit(ctx, v, (*memacct.LeaseBatch[T]).Pass)
}

// ErrNotFirst is returned to a stage behind the first that asks for memory, or calls Await: it may have units in hand, and
// must not wait for memory.
var ErrNotFirst = errors.New("pipeline: only the first stage reserves memory or awaits units")

// Reserve waits for n bytes before the first stage reads that much, so that it holds nothing while it waits: see
// memacct.Gate.Reserve. Put the unit by the reservation, or release that.
func (o *Out[T]) Reserve(ctx context.Context, n int64) (*Reservation[T], error) {
	if o.gate == nil {
		return nil, ErrNotFirst
	}
	r, err := o.gate.Reserve(ctx, n)
	if err != nil {
		return nil, o.post.withWaits(err)
	}
	return &Reservation[T]{r, o}, nil
}

// Reservation is what [Out.Reserve] returns: see memacct.Reservation.
type Reservation[T any] struct {
	*memacct.Reservation[T]
	out *Out[T]
}

// Put emits v on the reservation.
func (r *Reservation[T]) Put(ctx context.Context, v T) error {
	return r.out.enter(v, func() error { return r.Reservation.Put(ctx, v) })
}

// Release gives the reservation back if it was not put. It may be called more than once, and on nil.
func (r *Reservation[T]) Release() {
	if r != nil {
		r.Reservation.Release()
	}
}

// Go runs fn in a goroutine of the stage, which ends no sooner than that; its error, panic or Goexit ends the run. A first
// stage that reads several indexes at once starts them so: it is known then who may still emit a unit that others wait
// for. Call it while the stage runs.
func (o *Out[T]) Go(fn func(context.Context) error) {
	o.post.runs(1)
	o.all.Go(func() {
		defer o.post.runs(-1)
		o.guard(fn)
	})
}

// Building charges what the first stage emits while it is built: its Weighs is the Building of the options with which
// packages rpm, deb and npm read, and its Put emits the unit. So the first giant can't break the limit before the gate
// sees it. A goroutine that builds units has one of its own. See memacct.Building.
func (o *Out[T]) Building(ctx context.Context) *Building[T] {
	if o.gate == nil {
		return new(Building[T])
	}
	return &Building[T]{o.gate.Building(ctx), o}
}

// Building is what [Out.Building] returns. Behind the first stage it is of no use: all of it is [ErrNotFirst].
type Building[T any] struct {
	of  *memacct.Building[T]
	out *Out[T]
}

// Weighs says that the unit that is being built weighs so many bytes by now, and waits until it may. On an error the
// unit must be given up; what was charged for it is released.
func (u *Building[T]) Weighs(bytes int64) error {
	if u.of == nil {
		return ErrNotFirst
	}
	return u.out.post.withWaits(u.of.Weighs(bytes))
}

// Put emits v as [Out.Put] does, in place of what was told of it.
func (u *Building[T]) Put(ctx context.Context, v T) error {
	if u.of == nil {
		return ErrNotFirst
	}
	return u.out.enter(v, func() error { return u.of.Put(ctx, v) })
}

// Release gives back what was charged for a unit that is not put: defer it.
func (u *Building[T]) Release() {
	if u.of != nil {
		u.of.Release()
	}
}

// emit emits v, one that is in hand by move.
func (o *Out[T]) emit(ctx context.Context, v T, move func(*memacct.LeaseBatch[T], context.Context, int, *memacct.Queue[T]) error) error {
	if o.gate != nil {
		return o.enter(v, func() error { return o.gate.Put(ctx, v) })
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	f := o.future.of(v)
	for _, sure := range []bool{false, true} { // a stage seldom emits one twice
		b, i := o.in.find(v, sure)
		switch {
		case b == nil:
		case o.to != nil:
			f.goOn(o.next)
			if err := move(b, ctx, i, o.to); !errors.Is(err, memacct.ErrReleased) {
				o.hurry(v)
				return o.post.withWaits(err)
			}
		case b.Release(i):
			o.in.ended.Add(1)
			f.exit(o.post)
			return nil
		}
	}
	if o.to == nil {
		return nil
	}
	// a new unit, as is one that another goroutine has emitted, or whose loop body has ended
	return o.enter(v, func() error { return o.to.Put(ctx, v) })
}

// enter puts a unit that was not in flight, or not as this one.
func (o *Out[T]) enter(v T, put func() error) error {
	if isNil(v) {
		return ErrNil
	}
	f := o.future.of(v)
	f.enter(o.next)
	if err := put(); err != nil {
		f.leave()
		return o.post.withWaits(err)
	}
	if f.hurried() {
		o.next.flush()
	}
	if o.gate == nil {
		o.hurry()
	}
	return nil
}

// forwardAll emits everything in b that is left.
func (o *Out[T]) forwardAll(ctx context.Context, b *memacct.LeaseBatch[T]) error {
	if o.to == nil { // what is left ends with the loop body
		return nil
	}
	o.future.goOn(o.next, b.Units(), nil)
	defer o.hurry(b.Units()...)
	return o.post.withWaits(b.ForwardAll(ctx, o.to))
}

// filter ends what is to be dropped in b and emits the rest as it is.
func (o *Out[T]) filter(ctx context.Context, b *memacct.LeaseBatch[T], drop []bool) error {
	if o.future == nil {
		defer o.hurry()
		return o.post.withWaits(b.Filter(ctx, drop, o.to))
	}
	if o.to != nil {
		o.future.goOn(o.next, b.Units(), drop)
		defer o.hurry(b.Units()...)
	}
	err := o.post.withWaits(b.Filter(ctx, drop, o.to))
	for i, v := range b.Units() {
		if drop[i] && !b.Has(i) {
			o.future.of(v).exit(o.post)
		}
	}
	return err
}
