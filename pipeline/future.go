package pipeline

import (
	"context"
	"sync"
)

// Future is what will become of a unit that others wait for: a unit of metadata that refers to one, say, and must be saved
// after it. A stage resolves it, once, while it has the unit in hand; any goroutine may wait. It is safe for concurrent
// use, weighs about a hundred bytes, and is charged to nobody: have the size function count it.
//
// Whatever may come, no wait is for ever. It ends with
//
//   - the value, at once where the future was resolved before;
//   - its context's cause;
//   - a [*WaitError], of [ErrUnresolved], where the future failed: a stage called Fail, or the last unit that carries it has
//     ended, in whatever stage, and was not resolved (one that was dropped, or filtered out);
//   - such an error where nothing can resolve it any more: its pipeline has ended, or in all pipelines of its [Futures]
//     every stage waits and no unit can move. So ends a cycle, a wait for a unit behind the one that waits or in the same
//     batch, and a wait before the put of who alone would put. It takes a second or two until that is told;
//   - or, if memory is short meanwhile, with the run: the first stage gets a [*memacct.BudgetError], of
//     memacct.ErrStalled, which tells who waits.
//
// A unit that is waited for is hurried: a batch that holds it is handed on at once, in whatever queue it is or comes to,
// and no other batch, unless nothing moves for a second or two: the unit may be yet to be made of another. A goroutine that waits with units in hand, or with memory reserved, has them count as parked.
//
// Wait in the goroutine of the loop that has the unit in hand, and with the context that its stage got, or one made of
// it: else nobody knows who waits. A first stage that has several goroutines starts them by [Out.Go]; it must be known
// that there is one that may still put what the others wait for.
type Future[V any] struct {
	state future
	value V
}

// NewFuture returns the future of a unit, by whose name errors tell of it.
func NewFuture[V any](of *Futures, name string) *Future[V] {
	return &Future[V]{state: future{set: of, name: name}}
}

// Carried is a [Future] of whatever type.
type Carried interface{ carried() *future }

func (f *Future[V]) carried() *future {
	if f == nil {
		return nil
	}
	return &f.state
}

// Resolve has all waits end with v. Of several calls of Resolve and Fail the first counts. On nil it does nothing.
func (f *Future[V]) Resolve(v V) {
	if f != nil {
		f.state.end(nil, func() { f.value = v })
	}
}

// Fail has all waits end with a [*WaitError] of err.
func (f *Future[V]) Fail(err error) {
	if f != nil {
		f.state.end(err, func() {})
	}
}

// Wait returns the value once there is one; see [Future] for the errors.
func (f *Future[V]) Wait(ctx context.Context) (v V, err error) {
	if err := f.state.wait(ctx); err != nil {
		return v, err
	}
	return f.value, nil
}

// future is a Future without its value.
type future struct {
	set  *Futures
	name string

	mu     sync.Mutex
	done   chan struct{} // nil until somebody waits
	over   bool
	err    error
	units  int   // in flight that carry it
	at     *post // whose queue or hand the one is that went on last; nil before it is put
	wanted int   // waits
}

// end makes it over. set stores the value; it runs under the lock.
func (f *future) end(err error, set func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endLocked(err, set)
}

func (f *future) endLocked(err error, set func()) {
	if f.over {
		return
	}
	set()
	f.over, f.err = true, err
	if f.done != nil {
		close(f.done)
	}
}

// outcome returns what Wait returns of one that is over.
func (f *future) outcome(who func() string) (over bool, err error) {
	f.mu.Lock()
	over, err = f.over, f.err
	f.mu.Unlock()
	if err != nil {
		err = &WaitError{Waiter: who(), Future: f.name, Err: err}
	}
	return over, err
}

// want notes one more wait and has the unit hurried, wherever it is by now.
func (f *future) want() (done <-chan struct{}) {
	f.mu.Lock()
	if f.done == nil {
		f.done = make(chan struct{})
		if f.over {
			close(f.done)
		}
	}
	f.wanted++
	at := f.at
	f.mu.Unlock()
	if at != nil {
		at.flush()
	}
	return f.done
}

func (f *future) unwant() {
	f.mu.Lock()
	f.wanted--
	f.mu.Unlock()
}

// wait waits until it is over.
func (f *future) wait(ctx context.Context) error {
	w := &wait{set: f.set, f: f, vain: make(chan error, 1)}
	w.post, _ = ctx.Value(postKey{}).(*post)
	w.hand, _ = ctx.Value(handKey{}).(namer)
	if over, err := f.outcome(w.name); over {
		return err
	}
	w.done = f.want()
	defer f.unwant()
	if err := w.sleep(ctx); err != nil {
		return err
	}
	_, err := f.outcome(w.name)
	return err
}

// The life of the units that carry a future, which may be nil. Where one goes is noted before it does, and whether somebody
// wants it is asked after that: who begins to want it in between finds it there.

// enter notes that a unit comes into flight, on its way to a post.
func (f *future) enter(to *post) {
	if f != nil {
		f.mu.Lock()
		f.units++
		f.at = to
		f.mu.Unlock()
	}
}

// goOn notes that one goes on to a post.
func (f *future) goOn(to *post) {
	if f != nil {
		f.mu.Lock()
		f.at = to
		f.mu.Unlock()
	}
}

// hurried reports whether somebody waits.
func (f *future) hurried() bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wanted > 0 && !f.over
}

// leave undoes an enter: the unit was not accepted.
func (f *future) leave() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.units--; f.units <= 0 {
		f.at = nil
	}
}

// exit notes the end of a unit at a post.
func (f *future) exit(at *post) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.units--; f.units <= 0 {
		f.units = 0
		f.endLocked(&endedError{at.String()}, func() {})
	}
}

// where tells where its units are.
func (f *future) where() (at *post, units int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at, f.units
}
