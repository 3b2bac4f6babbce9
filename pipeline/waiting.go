package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/syncmem/syncmem/memacct"
)

// ErrUnresolved is the errors.Is of every [*WaitError].
var ErrUnresolved = errors.New("it will never be resolved")

// WaitError is returned to who waits in vain.
type WaitError struct {
	Waiter string // the account and stage that waits, and the future of the unit that it has in hand
	Future string // that it waits for, by its name; "" for Out.Await
	Err    error  // why
}

// Error names both.
func (e *WaitError) Error() string {
	return fmt.Sprintf("%s waits for %s in vain: %v", e.Waiter, quoted(e.Future), e.Err)
}

// Unwrap returns [ErrUnresolved], and what [Future.Fail] was given.
func (e *WaitError) Unwrap() []error { return []error{ErrUnresolved, e.Err} }

func quoted(future string) string {
	if future == "" {
		return "units that were emitted before"
	}
	return fmt.Sprintf("%q", future)
}

// endedError is why a future failed whose last unit has ended.
type endedError struct{ stage string }

func (e *endedError) Error() string { return "it ended in " + e.stage + " and was not resolved" }

// Futures is what the futures of some pipelines share: it knows who waits, and whether anybody is left who does not.
// It is safe for concurrent use.
type Futures struct {
	mu        sync.Mutex
	pipelines int // that will run; until so many have begun, what is not put may still come
	begun     int
	parties   map[*party]struct{} // that run
	waits     map[*wait]struct{}
	changes   int64 // in all of that
	seen      sight
}

// sight is what was seen when it was last looked whether anything can move, and when.
type sight struct {
	stuck bool
	at    time.Time
	changes,
	units int64
}

// NewFutures is for the futures of units that pass so many pipelines, each of which has it in its [Config]. Until that
// many have begun, no wait is in vain for want of somebody who puts.
func NewFutures(pipelines int) *Futures {
	return &Futures{pipelines: pipelines, parties: map[*party]struct{}{}, waits: map[*wait]struct{}{}}
}

// party is a pipeline, as futures know it.
type party struct {
	set     *Futures
	account *memacct.Account
	name    string
	posts   []*post // the first stage's, and those of the others
	ended   bool
	err     error // that it ended with
}

// post is a stage, as futures know it.
type post struct {
	*party
	stage   string
	flush   func()                                     // of the queue that it takes from; nothing for the first
	park    func(done <-chan struct{}) (unpark func()) // what the calling goroutine has
	stats   func() memacct.QueueStats                  // of that queue, or of the gate behind the first
	loops   func() int                                 // over that queue; 0 for the first
	inHand  func() string                              // the future of what its only loop has in hand, "" if there is none
	running int                                        // goroutines that it runs in, as far as is known
	waits   int
}

type (
	postKey struct{}
	handKey struct{}
	namer   interface{ name() string }
)

// String is the stage, and whose it is.
func (p *post) String() string { return p.name + "/" + p.stage }

// begin notes that a pipeline runs.
func (s *Futures) begin(p *party) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
	s.changes++
	s.parties[p] = struct{}{}
}

// end notes that it has ended, and with what error. Who waits for what was in it, or for what nobody is left to put, waits
// in vain.
func (s *Futures) end(p *party, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.ended, p.err = true, err
	s.changes++
	delete(s.parties, p)
	for w := range s.waits {
		if err := s.lostLocked(w.f); err != nil {
			w.failLocked(err)
		}
	}
}

// lostLocked is why a future can't be resolved whatever the others do, or nil.
func (s *Futures) lostLocked(f *future) error {
	if f == nil {
		return nil
	}
	at, _ := f.where()
	switch {
	case at != nil && at.ended && at.err != nil:
		return fmt.Errorf("its pipeline %s has ended: %w", at.name, at.err)
	case at != nil && at.ended:
		return fmt.Errorf("its pipeline %s has ended", at.name)
	case at == nil && s.begun >= s.pipelines && len(s.parties) == 0:
		return errors.New("it was not put, and all pipelines have ended")
	}
	return nil
}

// runs notes that n more goroutines run a stage, or fewer.
func (p *post) runs(n int) {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	p.running += n
	p.set.changes++
}

// idleLocked reports whether nothing comes of the stage by itself: its goroutines have ended, wait for units or at the
// gate, or run loops, of which the account knows whether they move.
func (p *post) idleLocked() bool {
	if p == p.posts[0] {
		return p.running <= p.waits+p.stats().Waiters
	}
	return p.running == 0 || p.waits > 0 || p.loops() > 0
}

// wait is one that lasts.
type wait struct {
	set  *Futures
	f    *future // nil for Out.Await
	done <-chan struct{}
	post *post // who waits; nil if that is nobody of a pipeline
	hand namer // what it has in hand; may be nil
	who  string
	vain chan error
}

// name is who waits.
func (w *wait) name() string {
	if w.post == nil {
		return "a goroutine of no pipeline"
	}
	unit := ""
	if w.hand != nil {
		unit = w.hand.name()
	} else if w.post.inHand != nil {
		unit = w.post.inHand()
	}
	if unit == "" {
		return w.post.String()
	}
	return fmt.Sprintf("%s (which has %s)", w.post, unit)
}

// lookEvery is how often who waits looks whether that is in vain. Nothing may change from one look to the next for it to
// be told.
const lookEvery = time.Second

// sleep waits. It returns nil once it is done.
func (w *wait) sleep(ctx context.Context) error {
	w.who = w.name()
	if err := w.begin(); err != nil {
		return err
	}
	defer w.end()
	if w.post != nil {
		defer w.post.park(w.done)()
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-w.done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-w.vain:
			return err
		case now := <-look.C:
			w.set.look(now)
		}
	}
}

func (w *wait) begin() error {
	s := w.set
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.lostLocked(w.f); err != nil {
		return &WaitError{Waiter: w.who, Future: w.f.name, Err: err}
	}
	s.waits[w] = struct{}{}
	s.changes++
	if w.post != nil {
		w.post.waits++
	}
	return nil
}

func (w *wait) end() {
	s := w.set
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waits, w)
	s.changes++
	if w.post != nil {
		w.post.waits--
	}
}

// failLocked ends a wait that is in vain.
func (w *wait) failLocked(why error) {
	select {
	case w.vain <- &WaitError{Waiter: w.who, Future: w.future(), Err: why}:
	default:
	}
}

func (w *wait) future() string {
	if w.f == nil {
		return ""
	}
	return w.f.name
}

// over reports whether it will end by itself.
func (w *wait) over() bool {
	select {
	case <-w.done:
		return true
	default:
		return len(w.vain) > 0
	}
}

// look sees whether anything can move. Where nothing can, and nothing did since the look before, all who wait do so in
// vain. Where something could but did not, it may be a batch that waits for more: it is handed on, for the awaited unit
// may be made of one in it.
func (s *Futures) look(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.seen.at) < lookEvery {
		return // another one that waits has looked just now
	}
	was, is := s.seen, sight{stuck: s.stuckLocked(), at: now, changes: s.changes, units: s.unitsLocked()}
	s.seen = is
	switch {
	case is.changes != was.changes || is.units != was.units:
	case !is.stuck:
		s.flushLocked()
	case was.stuck:
		all := s.tellLocked()
		for w := range s.waits {
			w.failLocked(w.whyLocked(all))
		}
	}
}

// flushLocked hands on all batches.
func (s *Futures) flushLocked() {
	for p := range s.parties {
		for _, post := range p.posts[1:] {
			post.flush()
		}
	}
}

// stuckLocked reports whether nothing can move by itself.
func (s *Futures) stuckLocked() bool {
	if s.begun < s.pipelines {
		return false
	}
	for p := range s.parties {
		if !p.account.Still() || slices.ContainsFunc(p.posts, func(p *post) bool { return !p.idleLocked() }) {
			return false
		}
	}
	for w := range s.waits {
		if w.over() {
			return false
		}
	}
	return true
}

// unitsLocked is how many units have come to any queue: it changes where something moves.
func (s *Futures) unitsLocked() (n int64) {
	for p := range s.parties {
		for _, post := range p.posts {
			n += post.stats().Units
		}
	}
	return n
}

// whyLocked is why a wait is in vain though nothing failed. all are those that last.
func (w *wait) whyLocked(all string) error {
	if w.f != nil {
		if at, _ := w.f.where(); at == nil {
			return fmt.Errorf("it was not put, and nobody is left to put it: %s", all)
		}
	}
	return fmt.Errorf("nothing moves any more: %s", all)
}

// mostTold is how many waits an error tells of.
const mostTold = 8

// tellLocked tells who waits for what.
func (s *Futures) tellLocked() string {
	var all []string
	for w := range s.waits {
		all = append(all, w.who+" waits for "+quoted(w.future()))
	}
	slices.Sort(all)
	if more := len(all) - mostTold; more > 0 {
		all = append(all[:mostTold], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, "; ")
}

// withWaits is err, and who waits for what where that is why a unit was refused. It must be asked while the stage still has
// the unit: once that ends, so do the waits for it.
func (p *post) withWaits(err error) error {
	if !errors.Is(err, memacct.ErrStalled) {
		return err
	}
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	if len(p.set.waits) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, p.set.tellLocked())
}
