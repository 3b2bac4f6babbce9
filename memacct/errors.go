package memacct

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"weak"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/govern"
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

// at is err with the queue that it is about.
func (l *line[T]) at(err error) error { return atQueue(&l.q, err) }

func atQueue(q *core.Queue, err error) error {
	return fmt.Errorf("memacct: %s/%s: %w", q.Account.Name, q.Name, err)
}

// Reason says why a unit was refused.
type Reason string

// The reasons. TooLarge: the unit exceeds the whole budget. Pinned: it would fit, but memory that is in no
// queue leaves too little. Charged: it would fit, but for what [Account.Charge] and [Account.Hold] booked. Floors: it
// would fit, but for what the floors of other accounts keep free. Stalled: the units in flight wait for each other, and
// it does not fit beside them, or finds no slot; or several are being built, and none can grow. Growing: units still get in, one by one, but what finished ones leave
// behind will exceed the limit before all that [Gate.Expect] announced are through.
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
	Named          int64 // of Used, what [Account.Charge] and [Account.Hold] booked
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

	verdict  *verdict                   // until it is told
	loops    int64                      // of what lives, bytes that loops over queues made
	unread   bool                       // it was a reservation
	building bool                       // one that was to grow
	first    bool                       // of those with the same verdict
	plain    bool                       // the heap has no part in it
	reused   bool                       // its figures are of the refusal before it
	acct     weak.Pointer[core.Account] // a kept error keeps no budget alive
	fits     int64                      // the budget at which the unit fits beside the floors of other accounts
	slot     bool                       // it needs a slot, and memory there is
	from     string                     // where the process limit is from
	files    int64                      // of what the cgroup allows, what files need
	code     int64                      // and of those, the program's own code
	wall     string                     // what the kernel enforces here
	most     int64                      // which is so much
}

// Is makes errors.Is find ErrOverBudget, and ErrStalled where that is the reason.
func (e *BudgetError) Is(target error) bool {
	return target == ErrOverBudget || target == ErrStalled && e.Reason == Stalled
}

// Error says in one line what does not fit, does the subtraction, and ends in what to do.
func (e *BudgetError) Error() string {
	f := bytesize.Format
	var s strings.Builder
	fmt.Fprintf(&s, "%s: the budget for content is %s, of which %s is in use by %s", e.gist(), f(e.Limit), f(e.Used), text.Count(e.Units, "unit"))
	if e.Named > 0 {
		fmt.Fprintf(&s, " and %s by charges", f(e.Named))
	}
	if e.Process > 0 {
		fmt.Fprintf(&s, ", in a process limited to %s", f(e.Process))
	}
	if e.much(e.Outside) {
		fmt.Fprintf(&s, ", of which %s are in use outside Go", f(e.Outside))
	}
	if e.Debt > 0 {
		fmt.Fprintf(&s, ", %s past it", f(e.Debt))
	}
	if e.Reason == Floors {
		fmt.Fprintf(&s, ", and the floors of other accounts keep %s", f(e.Floors))
	}
	if e.LiveHeap > 0 {
		fmt.Fprintf(&s, "; heap %s live after GC = %s%s", f(e.LiveHeap), e.sum(), e.made())
	}
	s.WriteString(". " + e.remedy())
	return s.String()
}

// gist is what happened.
func (e *BudgetError) gist() string {
	if e.Reason == Growing {
		return fmt.Sprintf("memacct: %s/%s: the sync is bound to fail (%s): its units get in one by one, and %d of them are to come", e.Account, e.Queue, e.Reason, e.Residue.ToCome)
	}
	unit := "a unit of " + bytesize.Format(e.Item)
	if e.building {
		unit = "a unit of at least " + bytesize.Format(e.Item) + ", still being built,"
	}
	return fmt.Sprintf("memacct: %s/%s: %s does not fit (%s)", e.Account, e.Queue, unit, e.Reason)
}

// sum is what the live heap consists of.
func (e *BudgetError) sum() string {
	f := bytesize.Format
	beside := ""
	if e.Beside > 0 {
		beside = f(e.Beside) + " in other budgets + "
	}
	s := fmt.Sprintf("%s accounted + %s waiting + %s baseline + %s%s held outside the queues (%s)",
		f(e.Used), f(e.Waiting-e.Unread), f(e.Baseline), beside, f(e.Pinned), e.held())
	if e.Unread > 0 {
		s += fmt.Sprintf("; %s more were asked for and not read yet", f(e.Unread))
	}
	return s
}

// remedy says what to do.
func (e *BudgetError) remedy() string {
	switch {
	case e.Reason == Stalled && e.slot:
		return "The units in flight wait for each other" + e.together() + ": put the units that others wait for first, or let workers go on while units are parked (Detach, then Park)."
	case e.Reason == Stalled && e.building:
		return "Other units are being built beside it, or wait for each other, and nothing comes free: build fewer at once, " + e.raise() + e.orOverrun() + "."
	case e.Reason == Stalled:
		return "The units in flight wait for each other" + e.together() + ": put the units that others wait for first, " + e.raise() + e.orOverrun() + "."
	case e.Reason == Pinned && e.Outside > e.Pinned:
		return "Bound what is used outside Go (C libraries, mapped memory), or " + e.raise() + "."
	case e.Reason == Growing, e.Reason == Pinned && e.Residue.Bytes*2 > e.Pinned:
		return "Have less kept of each unit, write it out as it comes, or " + e.raise() + "."
	case e.Reason == Pinned:
		return "Have the first stage keep less, Reserve before it reads, or " + e.raise() + "."
	case e.Reason == Charged:
		return "Give back what was charged by name (" + e.charges() + "), or " + e.raise() + "."
	case e.Reason == Floors:
		return "Lower the floors of the other accounts, close those that are done, or " + e.raise() + "."
	}
	r := e.raise() + e.orOverrun() + "."
	return strings.ToUpper(r[:1]) + r[1:]
}

// orOverrun says that an overrun would do, or why the one that is allowed does not. It says nothing where none is missing
// by what is known so far: of a unit that is being built nobody knows what it will weigh.
func (e *BudgetError) orOverrun() string {
	f := bytesize.Format
	past := e.missing()
	if e.Process > 0 {
		past = max(0, e.Need-e.Process)
	}
	if past == 0 {
		return ""
	}
	if e.Overrun == 0 {
		return ", or allow an overrun of " + f(past)
	}
	return fmt.Sprintf(", or allow an overrun of %s instead of %s", f(past), f(e.Overrun))
}

// charges lists the accounts with named charges.
func (e *BudgetError) charges() string {
	var all []string
	for _, a := range e.Accounts {
		if a.Named > 0 {
			all = append(all, a.Name+": "+a.NamedText())
		}
	}
	return strings.Join(all, ", ")
}

// together says that a verdict was about several puts: any of them may be what the units in flight wait for.
func (e *BudgetError) together() string {
	if e.Refused < 2 {
		return ""
	}
	return fmt.Sprintf(", maybe for one of the %d that were refused at once", e.Refused)
}

// raise says by how much the limit falls short. A process must have room for the next unit beside this one: until it
// is put it is charged nowhere. A tenth is added to that. Where units leave something behind there is room for a last
// phase, too, in which that is worked on, with no gate before it: what it allocates is garbage that needs a runway. What
// it keeps in memory nobody can know.
func (e *BudgetError) raise() string {
	if e.Process == 0 {
		return fmt.Sprintf("raise the budget by %s or more", bytesize.Format(e.missing()))
	}
	to := (max(e.Need+e.Item+e.files, e.Process) + e.Residue.Expected) / 10 * 11
	if e.Residue.Bytes > 0 {
		to = govern.RoomAtEnd(max(e.Need+e.Item+e.files, e.Process)+e.Residue.Expected, e.LiveHeap+e.Residue.Expected)
	}
	s := "raise the process limit"
	if e.from != given {
		s += " (" + e.from + ")"
	}
	switch r := e.Residue; {
	case r.Expected > 0:
		s += fmt.Sprintf(" to %s or more: %s are to come, and leave %s behind; what is made of it all in memory at the end comes on top", bytesize.Format(to), text.Count(r.ToCome, "unit"), bytesize.Format(r.Expected))
	case r.Bytes > 0:
		s += fmt.Sprintf(" to at least %s, and it grows by %s with every unit", bytesize.Format(to), bytesize.Format(r.Each))
	default:
		s += fmt.Sprintf(" to %s or more", bytesize.Format(to))
	}
	if to > e.most && e.wall != e.from {
		s += fmt.Sprintf(", and %s, which is %s, with it", e.wall, bytesize.Format(e.most))
	}
	return s
}

// much tells whether an amount is worth a word.
func (e *BudgetError) much(bytes int64) bool { return bytes > e.Process/16 }

// missing is what the budget for content is short of, in bytes.
func (e *BudgetError) missing() int64 { return max(0, e.wanted()-(e.Limit-e.Used-e.Floors)) }

// wanted is what was not charged of the unit.
func (e *BudgetError) wanted() int64 { return e.Item - e.Held }

// builds is how many of the units in flight are the one refused.
func (e *BudgetError) builds() int {
	if e.building {
		return 1
	}
	return 0
}

// SizeError says that a size function failed, which is a mistake in the program: the unit was not accepted.
type SizeError struct {
	Queue string
	Type  string // of the unit
	Bytes int64  // what the function answered, if it did
	Panic any    // what it panicked with, if it did
	Where string // function, file and line that panicked; "" if it did not
}

// Error names the queue, the type and what the function did.
func (e *SizeError) Error() string {
	if e.Panic != nil {
		return fmt.Sprintf("memacct: queue %q: the size function panicked on a %s, at %s: %v", e.Queue, e.Type, e.Where, e.Panic)
	}
	return fmt.Sprintf("memacct: queue %q: the size function says a %s has %d bytes: it must answer 0 or more", e.Queue, e.Type, e.Bytes)
}

// LeakError says whose units and charges were not released when the budget was closed. Error is one line,
// Report the whole, with what every goroutine of the pipelines was doing.
type LeakError struct {
	Units   int
	Bytes   int64
	Holders []QueueStats     // the queues that have some
	Charges map[string]int64 // bytes that [Account.Charge] booked and nobody gave back, by account
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
