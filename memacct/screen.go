package memacct

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// A screen has that many columns and lines.
const (
	columns     = 100
	screenLines = 24
)

// The bounds of a longer report.
const (
	mostQueues = 40
	mostPeople = 40
	mostCauses = 6
	mostReport = 64 << 10 // bytes
)

// screen is lines of text, none longer than it is wide.
type screen struct{ lines []string }

// say adds a line, and breaks it between words where it is too long.
func (s *screen) say(format string, args ...any) {
	text, indent := fmt.Sprintf(format, args...), ""
	for utf8.RuneCountInString(text) > columns {
		at := strings.LastIndexByte(text[:columns], ' ')
		if at <= len(indent)+1 {
			at = strings.IndexByte(text[columns:], ' ') // a word that is longer than a line
			if at < 0 {
				break
			}
			at += columns
		}
		s.lines = append(s.lines, text[:at])
		indent = "  "
		text = indent + strings.TrimLeft(text[at:], " ")
	}
	s.lines = append(s.lines, text)
}

// table adds rows with aligned columns, the first most of them; what says how the others are called.
func (s *screen) table(most int, what string, rows [][]string) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range rows[:min(len(rows), most)] {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	_ = w.Flush() // to a string
	for line := range strings.Lines(b.String()) {
		s.lines = append(s.lines, strings.TrimRight(line, " \n"))
	}
	if more := len(rows) - most; more > 0 {
		s.lines = append(s.lines, fmt.Sprintf("... and %d more %s", more, what))
	}
}

// text is all of it.
func (s *screen) text() string {
	t := strings.Join(s.lines, "\n")
	if len(t) > mostReport {
		t = strings.ToValidUTF8(t[:mostReport], "") + "\n..."
	}
	return t
}

// Report is the error on one screen: the sum, by account and by queue, the largest unit, what is held longest,
// who is where, and what to do.
func (e *BudgetError) Report() string {
	f := bytesize.Format
	var s screen
	s.say("%s", e.gist())
	s.say("budget    %s, %s in use by %s, %s debt, %s waiting%s", f(e.Limit), f(e.Used), units(e.Units), f(e.Debt), f(e.Waiting), e.limits())
	s.say("heap      %s live after GC = %s", f(e.LiveHeap), e.sum())
	accounts, queues := slices.Clone(e.Accounts), slices.Clone(e.Queues)
	slices.SortStableFunc(accounts, func(x, y AccountStats) int { return cmp.Compare(y.Used+y.Waiting, x.Used+x.Waiting) })
	slices.SortStableFunc(queues, func(x, y QueueStats) int { return cmp.Compare(y.bytes(), x.bytes()) })
	s.table(4, "accounts", accountRows(accounts))
	rows := [][]string{queueHead}
	for _, q := range queues {
		rows = append(rows, q.row())
	}
	s.table(6, "queues", rows)
	s.say("largest   %s", e.largest())
	for _, u := range oldest(e.Top, max(1, (screenLines-8-len(s.lines))/3)) {
		s.say("longest   %s", u)
	}
	end := e.remedy()
	room := screenLines - len(s.lines) - 1 - len(end)/(columns-2) - 1
	s.table(max(1, room), "places", goroutineRows(e.Stuck))
	s.say("%s", end)
	return s.text()
}

// largest says what the largest unit is, and where.
func (e *BudgetError) largest() string {
	if u := largest(e.Top); u.Largest > e.Item {
		return u.place()
	}
	for _, q := range e.Queues {
		if q.Account == e.Account && q.Name == e.Queue {
			return fmt.Sprintf("%s of type %s, the one refused", bytesize.Format(e.Item), q.Type)
		}
	}
	return bytesize.Format(e.Item) + ", the one refused"
}

// limits is what bounds the budget beside its size.
func (e *BudgetError) limits() (s string) {
	if e.Floors > 0 {
		s += ", " + bytesize.Format(e.Floors) + " kept by floors"
	}
	if e.Process > 0 {
		s += fmt.Sprintf("; the process may use %s and needs %s", bytesize.Format(e.Process), bytesize.Format(e.Need))
	}
	return s
}

// Report says what the budget holds: its queues, who holds what, what every goroutine of its pipelines is
// doing, and, if nothing moved of late, why that may be. It looks where all goroutines of the process are; see
// [DefaultStallAfter] for the report that comes by itself.
func (b *Budget) Report() string {
	if b.mode == Off {
		return "the budget is off: it accounts for nothing"
	}
	in := b.inspect(true)
	var s screen
	if in.still > b.stall.tick {
		s.say("nothing moved for %s", about(in.still))
		if c := in.crowded(); c != "" {
			s.say("%s", c)
		}
		explain(&s, in.diagnose())
	}
	in.fill(&s)
	return s.text()
}

// stall is the event for a budget in which nothing moves.
func (in *inside) stall() Event {
	var s screen
	causes := in.diagnose()
	head := "nothing moved for " + about(in.still)
	if c := in.crowded(); c != "" {
		head += ": " + c
	}
	if len(causes) > 0 {
		head += ": " + string(causes[0].kind) + ": " + causes[0].text
	}
	s.lines = append(s.lines, head) // a log shows the first line for itself: it is not broken
	in.fill(&s)
	if len(causes) > 0 {
		s.say("To do: %s.", causes[0].todo)
		explain(&s, causes[1:])
	}
	return Event{Kind: EventStall, Bytes: in.sum.Used, Text: s.text()}
}

// explain adds causes and what to do about them.
func explain(s *screen, causes []cause) {
	for _, c := range causes[:min(len(causes), mostCauses)] {
		s.say("%s: %s. To do: %s.", c.kind, c.text, c.todo)
	}
}

// fill adds the queues, the sum, who holds what, and who is where.
func (in *inside) fill(s *screen) {
	f := bytesize.Format
	rows := [][]string{append(slices.Clone(queueHead), "still for")}
	for _, q := range in.queues {
		rows = append(rows, append(q.row(), about(q.still)))
	}
	s.table(mostQueues, "queues", rows)
	s.say("budget    %s, %s in use by %s, %s debt, %s waiting, puts that wait: %d", f(in.sum.Limit), f(in.sum.Used),
		units(in.sum.Units), f(in.sum.Debt), f(in.sum.Waiting), in.sum.Waiters)
	s.table(mostQueues, "accounts", accountRows(in.accounts))
	if u := largest(in.usages); u.Largest > 0 {
		s.say("largest   %s", u.place())
	}
	for _, u := range oldest(in.held(InHand, Detached, Reserved), mostTop) {
		s.say("holds     %s", u)
	}
	s.table(mostPeople, "places", goroutineRows(in.people))
	if in.total == 0 {
		s.say("where the goroutines are was not looked at: Budget.Report does")
	} else if in.lost > 0 {
		s.say("%d of %d goroutines could not be looked at", in.lost, in.total)
	}
}

var queueHead = []string{"queue", "queued", "bytes", "in hand", "bytes", "parked", "waiting", "bytes"}

// row is the queue's in a table.
func (q QueueStats) row() []string {
	f := bytesize.Format
	return []string{
		q.label(), fmt.Sprintf("%d/%d", q.Queued, q.Capacity), f(q.QueuedBytes), fmt.Sprint(q.InHand), f(q.InHandBytes),
		fmt.Sprint(q.Parked), fmt.Sprint(q.Waiters), f(q.WaiterBytes),
	}
}

// bytes is what is in it or waits for it.
func (q QueueStats) bytes() int64 { return q.QueuedBytes + q.InHandBytes + q.WaiterBytes }

func (q QueueStats) label() string { return q.Account + "/" + q.Name }

func (u Usage) label() string { return u.Account + "/" + u.Queue }

// accountRows are a table of accounts; of a single one without named charges its queues say all.
func accountRows(all []AccountStats) [][]string {
	if len(all) == 1 && all[0].Named == 0 {
		return nil
	}
	f := bytesize.Format
	rows := [][]string{{"account", "in use", "units", "named", "floor", "peak"}}
	for _, a := range all {
		rows = append(rows, []string{a.Name, f(a.Used), fmt.Sprint(a.Units), f(a.Named), f(a.Floor), f(a.Peak)})
	}
	return rows
}

// goroutineRows are a table of who is where, those at work first.
func goroutineRows(all []Goroutine) (rows [][]string) {
	rank := []Doing{Works, Started, Puts, Takes}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y Goroutine) int {
		return cmp.Or(slices.Index(rank, x.Doing)-slices.Index(rank, y.Doing), strings.Compare(x.Stage, y.Stage))
	})
	for _, g := range all {
		if g.Where == "" && g.Doing == Works {
			continue // it only waits for the workers of its stage
		}
		n := ""
		if g.Count > 1 {
			n = fmt.Sprintf(" x%d", g.Count)
		}
		rows = append(rows, []string{"stage", g.Stage + n, string(g.Doing), strings.TrimSpace(short(g.Where) + state(g))})
	}
	return rows
}

// short leaves out the middle of a function's name that would make a line too long. The place stays whole.
func short(where string) string {
	const most = 40
	at := strings.LastIndexByte(where, ' ')
	if at <= most {
		return where
	}
	return strings.ToValidUTF8(where[:most/2]+"..."+where[at-most/2+3:], "")
}

// state is what the runtime says of a goroutine, in brackets.
func state(g Goroutine) string {
	s := strings.TrimSuffix(g.State, " (durable)")
	if g.Wait > 0 {
		s += ", " + about(g.Wait)
	}
	if s == "" {
		return ""
	}
	return " [" + s + "]"
}

// String says who has how much, since when, and where.
func (u Usage) String() string {
	s := fmt.Sprintf("%s has %s (%s) %s", u.by(), units(u.Units), bytesize.Format(u.Bytes), u.Kind)
	if u.Age >= time.Second {
		s += " for " + about(u.Age)
	}
	if u.Where != "" {
		s += ", at " + u.Where
	}
	return s
}

// by is who has it.
func (u Usage) by() string {
	if u.Stage == "" {
		return u.label()
	}
	return fmt.Sprintf("%q (from %s)", u.Stage, u.label())
}

// place says what the largest unit is, and where.
func (u Usage) place() string {
	s := fmt.Sprintf("%s of type %s, %s ", bytesize.Format(u.Largest), u.Type, u.Kind)
	if u.Kind == InQueue || u.Kind == Waiting {
		return s + "at " + u.label()
	}
	return s + "of " + u.by()
}

// units counts them.
func units(n int) string {
	if n == 1 {
		return "1 unit"
	}
	return fmt.Sprintf("%d units", n)
}

// about prints a time in two digits or so.
func about(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(time.Second).String()
	}
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	return s
}

// largest finds the usage with the largest unit.
func largest(all []Usage) (most Usage) {
	for _, u := range all {
		if u.Largest > most.Largest {
			most = u
		}
	}
	return most
}

// oldest are the n usages that did not change for longest, of those that somebody holds.
func oldest(all []Usage, n int) (old []Usage) {
	for _, u := range all {
		if u.Age >= time.Second && u.Kind != InQueue && u.Kind != Waiting {
			old = append(old, u)
		}
	}
	slices.SortStableFunc(old, func(x, y Usage) int { return cmp.Compare(y.Age, x.Age) })
	return old[:min(n, len(old))]
}
