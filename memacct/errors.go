package memacct

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/core"
)

// The errors that errors.Is finds.
var (
	// ErrOverBudget is behind every [*BudgetError]: a unit does not fit and never will.
	ErrOverBudget = errors.New("memacct: over budget")
	// ErrStalled is behind a [*BudgetError] whose units in flight wait for each other.
	ErrStalled = errors.New("memacct: stalled")
	// ErrClosed is behind the error of a Put into a queue that is closed, or whose account or budget is.
	ErrClosed = errors.New("closed")
	// ErrNested is behind the error of a Put that waits for memory while its own goroutine holds some.
	ErrNested = errors.New("the put waits for memory that its own goroutine holds: release or forward the unit in hand first, take several at once with ReserveAll, or Detach a reservation that another goroutine settles")
	// ErrReleased is behind the error of the use of a lease or reservation that ended before.
	ErrReleased = errors.New("the unit was released or forwarded already")
)

func atQueue(q *core.Queue, err error) error {
	return fmt.Errorf("memacct: %s/%s: %w", q.Account.Name, q.Name, err)
}

// Reason says why a unit was refused.
type Reason string

// The reasons. TooLarge: the unit exceeds the whole budget. Pinned: it would fit, but memory that is in no
// queue leaves too little. Charged: it would fit, but for what [Account.Charge] and [Account.Hold] charged. Floors: it
// would fit, but for what the floors of other accounts keep free. Stalled: the units in flight wait for each other, and
// it does not fit beside them, or finds no slot; or several are being built, and none can grow. Growing: units still get in, one by one, but what finished ones leave
// behind will exceed the limit before all that [Gate.Expect] announced are through; or it grows, none were announced, and
// it has gone on like that for longer than everything before.
const (
	TooLarge Reason = "too large"
	Pinned   Reason = "pinned"
	Charged  Reason = "charged"
	Floors   Reason = "floors"
	Stalled  Reason = "stalled"
	Growing  Reason = "growing"
)

// BudgetError says that a unit does not fit and nothing will drain, and where the memory is. All amounts are
// bytes; LiveHeap and Pinned were measured after a forced garbage collection, at most a second before where refusals
// follow each other. They are 0 where the heap has no part in it: for a unit that by itself exceeds a limit of content,
// and nothing was measured then. Error is its gist in one line, Report the whole on one screen. It is data: one that is
// kept keeps no budget and no unit alive.
type BudgetError struct {
	Reason         Reason
	Account, Queue string
	Item           int64 // the unit refused
	Held           int64 // of Item, what is charged already: the unit is being built, and was to grow
	Used           int64 // charged by units in flight and named charges
	Named          int64 // of Used, what [Account.Charge] and [Account.Hold] charged
	Units          int   // in flight
	Waiting        int64 // of the puts that wait at gates, this one and those refused with it included
	Unread         int64 // of Waiting, reservations: there is nothing in memory for them yet
	Refused        int   // puts refused at once, this one included: nothing was left that could let any of them in
	Limit          int64 // of content
	Floors         int64 // of Limit, what the floors of other accounts keep free
	LiveHeap       int64
	Baseline       int64 // live heap when the budget was opened, without content of others
	Beside         int64 // content of other budgets of this process that steer by a process limit
	Pinned         int64 // LiveHeap less Used, Waiting (not Unread), Baseline and Beside: what the first stage, or a leak, holds
	Debt           int64
	Process        int64 // what the process may use; 0 when only content is limited
	Need           int64 // what it would need to hold what lives now, this unit included
	Outside        int64 // of Need, what is resident and Go does not know of: C libraries, mapped memory
	Overrun        int64 // how far past the limit the policy would have let it

	Accounts []AccountStats
	Queues   []QueueStats
	Top      []Usage     // who has the most of it, or waits for it; ten at most
	Stuck    []Goroutine // where the pipelines' goroutines are; nil if there are too many goroutines to look
	Sites    []Site      // that made most of what lives; five at most, nil where hardly anything is pinned
	Residue  Residue     // of Pinned and Named, what units left behind when they ended; zero if they leave nothing, or it can't be told

	loops    int64         // of what lives, bytes that loops over queues made
	building bool          // it is a reservation that was to grow
	slot     bool          // it needs a slot, and memory there is
	from     string        // where the process limit is from
	files    int64         // of what the cgroup allows, what files need
	grew     int64         // bytes by which what is kept has grown in a crawl that leads nowhere
	crawled  time.Duration // which has lasted so long
	wall     string        // what the kernel enforces here
	most     int64         // which is so much
}

// Is makes errors.Is find ErrOverBudget, and ErrStalled where that is the reason.
func (e *BudgetError) Is(target error) bool {
	return target == ErrOverBudget || target == ErrStalled && e.Reason == Stalled
}

// LeakError says whose units and charges were not released when the budget was closed. Error is one line,
// Report the whole, with what every goroutine of the pipelines was doing.
type LeakError struct {
	Units   int
	Bytes   int64
	Holders []QueueStats     // the queues that have some
	Charges map[string]int64 // bytes that [Account.Charge] charged and nobody gave back, by account
	Held    []Usage          // loops with units in hand, detached leases and reservations, the largest first
	Stuck   []Goroutine      // where the pipelines' goroutines are

	report string
}

// Report tells where everything is that was not released, on one screen or two.
func (e *LeakError) Report() string { return e.report }

// mostHeld is how many holders the one line of a LeakError names.
const mostHeld = 4

// Error names every holder.
func (e *LeakError) Error() string {
	f := bytesize.Format
	var s strings.Builder
	fmt.Fprintf(&s, "memacct: closed with %s (%s) not released:", text.Count(e.Units, "unit"), f(e.Bytes))
	for _, h := range e.Holders {
		fmt.Fprintf(&s, " %s/%s has %d queued (%s) and %d in hand (%s);", h.Account, h.Name,
			h.Queued, f(h.QueuedBytes), h.InHand, f(h.InHandBytes))
	}
	for _, u := range e.Held[:min(len(e.Held), mostHeld)] {
		fmt.Fprintf(&s, " %s;", u)
	}
	for _, a := range slices.Sorted(maps.Keys(e.Charges)) {
		fmt.Fprintf(&s, " account %s has charges of %s;", a, f(e.Charges[a]))
	}
	var todo []string
	if len(e.Holders) > 0 || len(e.Charges) == 0 {
		todo = append(todo, "drain or Discard the queues, and end every loop, lease and reservation before Close")
	}
	if len(e.Charges) > 0 {
		todo = append(todo, "call what Account.Charge returned")
	}
	s.WriteString(" " + strings.Join(todo, "; "))
	return s.String()
}
