package memacct

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
)

// The errors that errors.Is finds.
var (
	// ErrOverBudget is behind every [*BudgetError]: a unit does not fit and never will.
	ErrOverBudget = errors.New("memacct: over budget")
	// ErrStalled is behind a [*BudgetError] whose units in flight wait for each other.
	ErrStalled = errors.New("memacct: stalled")
	// ErrClosed is returned by a Put into a closed queue or budget.
	ErrClosed = errors.New("memacct: put into a closed queue")
	// ErrNested is returned by a Put that waits for memory while its own goroutine holds some.
	ErrNested = errors.New("memacct: put waits for memory that its own goroutine holds: release or forward the unit in hand first, take several at once with ReserveAll, or Detach a reservation that another goroutine settles")
	// ErrReleased is returned by the use of a lease or reservation that ended before.
	ErrReleased = errors.New("memacct: the unit was released or forwarded already")
)

// Reason says why a unit was refused.
type Reason string

// The reasons. TooLarge: the unit exceeds the whole budget. Pinned: it would fit, but memory that is in no
// queue leaves too little. Stalled: the units in flight wait for each other, and it does not fit beside them.
const (
	TooLarge Reason = "too large"
	Pinned   Reason = "pinned"
	Stalled  Reason = "stalled"
)

// BudgetError says that a unit does not fit and nothing will drain, and where the memory is. All amounts are
// bytes; LiveHeap and Pinned were measured after a forced garbage collection.
type BudgetError struct {
	Reason         Reason
	Account, Queue string
	Item           int64 // the unit refused
	Used           int64 // charged by units in flight and named charges
	Units          int   // in flight
	Waiting        int64 // of the puts that wait at gates, this one included
	Limit          int64 // of content
	LiveHeap       int64
	Baseline       int64 // live heap when the budget was opened
	Pinned         int64 // LiveHeap less Used, Waiting and Baseline: what the first stage, or a leak, holds
	Debt           int64
	Process        int64 // what the process may use; 0 when only content is limited
	Need           int64 // what it would need to hold what lives now, this unit included

	fits int64 // the budget at which the unit fits beside the floors of other accounts
}

// Is makes errors.Is find ErrOverBudget, and ErrStalled where that is the reason.
func (e *BudgetError) Is(target error) bool {
	return target == ErrOverBudget || target == ErrStalled && e.Reason == Stalled
}

// Error does the subtraction, in a few lines, and ends in what to do.
func (e *BudgetError) Error() string {
	f := bytesize.Format
	var s strings.Builder
	fmt.Fprintf(&s, "memacct: %s/%s: a unit of %s does not fit (%s): the budget for content is %s, of which %s is in use by %d units",
		e.Account, e.Queue, f(e.Item), e.Reason, f(e.Limit), f(e.Used), e.Units)
	if e.Process > 0 {
		fmt.Fprintf(&s, ", in a process limited to %s", f(e.Process))
	}
	if e.Debt > 0 {
		fmt.Fprintf(&s, ", %s past it", f(e.Debt))
	}
	fmt.Fprintf(&s, "; heap %s live after GC = %s accounted + %s waiting + %s baseline + %s held outside the queues (by the first stage, or leaked). ",
		f(e.LiveHeap), f(e.Used), f(e.Waiting), f(e.Baseline), f(e.Pinned))
	s.WriteString(e.remedy())
	return s.String()
}

func (e *BudgetError) remedy() string {
	switch e.Reason {
	case Stalled:
		return "The units in flight wait for each other: put the units that others wait for first, raise the limit, or allow an overrun."
	case Pinned:
		return "Have the first stage keep less, Reserve before it reads, or " + e.raise() + "."
	}
	return "Allow an overrun, or " + e.raise() + "."
}

// raise says by how much the limit falls short. A tenth is added to what a process needs, for the next unit.
func (e *BudgetError) raise() string {
	if e.Process > 0 {
		return fmt.Sprintf("raise the process limit to %s or more", bytesize.Format(max(e.Need, e.Process)/10*11))
	}
	return fmt.Sprintf("raise the budget by %s or more", bytesize.Format(max(0, e.Item-e.Limit+e.Used)))
}

// refusal is the error for a waiter that the core refused; explain completes it. The lock is held.
func (b *Budget) refusal(w *core.Waiter) error {
	if w.Reason == core.Closed {
		return ErrClosed
	}
	s := b.core.Snapshot()
	e := &BudgetError{
		Account: w.Queue.Account.Name, Queue: w.Queue.Name, Item: w.Bytes, Used: s.Used, Units: s.Units,
		Waiting: s.Waiting + w.Bytes, Limit: s.Limit, Baseline: b.base, Debt: s.Debt,
		fits: w.Queue.Account.Fits(w.Bytes),
	}
	switch {
	case w.Reason == core.Stalled:
		e.Reason = Stalled
	case w.Bytes > s.Limit, w.Bytes <= s.Limit-s.Used: // the floors of others leave too little
		e.Reason = TooLarge
	default:
		e.Reason = Pinned
	}
	return e
}

// explain measures the heap for a refusal. It forces a garbage collection, and so must run outside the lock.
func (b *Budget) explain(err error) error {
	if e, ok := err.(*BudgetError); ok {
		e.LiveHeap = liveHeap()
		e.Pinned = max(0, e.LiveHeap-e.Used-e.Waiting-e.Baseline)
		b.blame(e)
	}
	return err
}

// blame adds what a process limit makes of a refusal. Such a budget is cut when something else takes the
// memory, so that its size alone does not tell who is to blame.
func (b *Budget) blame(e *BudgetError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gov == nil || !b.gov.steers {
		return
	}
	// A unit weighs what its size function says, also where the heap does not show it: it may lie outside.
	e.Process, e.Need = b.gov.process, b.gov.need(readMem(), max(e.LiveHeap, e.Used+e.Item))
	if e.Reason == TooLarge && e.Pinned > e.Item {
		e.Reason = Pinned
	}
}

// SizeError says that a size function failed, which is a mistake in the program: the unit was not accepted.
type SizeError struct {
	Queue string
	Type  string // of the unit
	Bytes int64  // what the function answered, if it did
	Panic any    // what it panicked with, if it did
}

// Error names the queue, the type and what the function did.
func (e *SizeError) Error() string {
	if e.Panic != nil {
		return fmt.Sprintf("memacct: queue %q: the size function panicked on a %s: %v", e.Queue, e.Type, e.Panic)
	}
	return fmt.Sprintf("memacct: queue %q: the size function says a %s has %d bytes: it must answer 0 or more", e.Queue, e.Type, e.Bytes)
}

// LeakError says whose units and charges were not released when the budget was closed.
type LeakError struct {
	Units   int
	Bytes   int64
	Holders []QueueStats     // the queues that have some
	Charges map[string]int64 // bytes that [Account.Charge] booked and nobody gave back, by account
}

// Error names every holder.
func (e *LeakError) Error() string {
	f := bytesize.Format
	var s strings.Builder
	fmt.Fprintf(&s, "memacct: closed with %d units (%s) not released:", e.Units, f(e.Bytes))
	for _, h := range e.Holders {
		fmt.Fprintf(&s, " %s/%s has %d queued (%s) and %d in hand (%s);", h.Account, h.Name,
			h.Queued, f(h.QueuedBytes), h.InHand, f(h.InHandBytes))
	}
	for _, a := range slices.Sorted(maps.Keys(e.Charges)) {
		fmt.Fprintf(&s, " account %s has charges of %s;", a, f(e.Charges[a]))
	}
	if len(e.Holders) == 0 && len(e.Charges) == 0 {
		s.WriteString(" reservations that were never given back;")
	}
	s.WriteString(" drain or Discard the queues, and end every loop, lease and reservation before Close")
	return s.String()
}
