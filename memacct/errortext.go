package memacct

import (
	"fmt"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct/internal/govern"
)

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
	if e.Reason == Growing && e.crawled > 0 {
		return fmt.Sprintf("memacct: %s/%s: the sync is bound to fail (%s): its units have come in one by one for %s, each after a forced collection, and what they leave behind has grown by %s", e.Account, e.Queue, e.Reason, e.crawled.Round(time.Second), bytesize.Format(e.grew))
	}
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
	if past == 0 || e.most > 0 && e.Need > e.most { // no overrun gets past a cgroup
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

// together says that several puts were refused at once: any of them may be what the units in flight wait for.
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

// much reports whether an amount is worth a word.
func (e *BudgetError) much(bytes int64) bool { return bytes > e.Process/16 }

// missing is what the budget for content is short of, in bytes.
func (e *BudgetError) missing() int64 { return max(0, e.wanted()-(e.Limit-e.Used-e.Floors)) }

// wanted is what was not charged of the unit.
func (e *BudgetError) wanted() int64 { return e.Item - e.Held }

// held says who holds what is no content.
func (e *BudgetError) held() string {
	if e.Residue.Bytes > 0 && e.Pinned > e.Named { // what is charged by name is told by name
		return e.holder() + ": " + e.Residue.String()
	}
	return e.holder()
}

// made says where most of what lives was made, for the one line of an error.
func (e *BudgetError) made() string {
	if len(e.Sites) == 0 {
		return ""
	}
	return fmt.Sprintf("; most of what lives was made at %s, %s", e.Sites[0].Where, bytesize.Format(e.Sites[0].Bytes))
}

// holder is who keeps what is held outside the queues, as far as that can be told: of what lives, loops made the most,
// or the rest did. Of the rest some is content.
func (e *BudgetError) holder() string {
	var all int64
	for _, s := range e.Sites {
		all += s.Bytes
	}
	switch {
	case e.Pinned == 0 || all == 0:
		return "by the first stage, or leaked"
	case e.loops*2 >= e.Pinned:
		return "by a stage"
	case e.Residue.Bytes > 0:
		return "by the first stage, or by whom it gave the units to"
	}
	return "by the first stage"
}
