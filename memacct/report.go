package memacct

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
)

// The bounds of a report that is longer than a screen.
const (
	mostQueues     = 40
	mostGoroutines = 40
	mostCauses     = 6
)

// Report is the error on one screen: the sum, by account and by queue, the largest unit, what is held longest,
// who is where, and what to do.
func (e *BudgetError) Report() string {
	var s text.Screen
	s.Say("%s", e.gist())
	e.fill(&s)
	return s.String()
}

// event is the refusal as it is told.
func (e *BudgetError) event() Event {
	gist := strings.TrimPrefix(e.gist(), "memacct: ")
	s := text.Screen{Lines: []string{gist}} // a log shows the first line for itself: it is not broken
	e.fill(&s)
	return Event{Kind: EventRefused, Account: e.Account, Queue: e.Queue, Bytes: e.Item, Text: s.String(), attrs: e.attrs()}
}

// fill adds what is below the gist.
func (e *BudgetError) fill(s *text.Screen) {
	f := bytesize.Format
	s.Say("budget    %s, %s in use by %s, %s debt, %s waiting%s", f(e.Limit), f(e.Used), text.Count(e.Units, "unit"), f(e.Debt), f(e.Waiting), e.limits())
	if e.LiveHeap > 0 {
		s.Say("heap      %s live after GC = %s", f(e.LiveHeap), e.sum())
	}
	for _, site := range e.Sites[:min(len(e.Sites), 3)] {
		s.Say("lives     %s", site)
	}
	accounts, queues := slices.Clone(e.Accounts), slices.Clone(e.Queues)
	slices.SortStableFunc(accounts, func(x, y AccountStats) int { return cmp.Compare(y.Used+y.Waiting, x.Used+x.Waiting) })
	slices.SortStableFunc(queues, func(x, y QueueStats) int { return cmp.Compare(y.bytes(), x.bytes()) })
	s.Table(4, "accounts", accountRows(accounts))
	rows := [][]string{queueHead}
	for _, q := range queues {
		rows = append(rows, q.row())
	}
	s.Table(6, "queues", rows)
	s.Say("largest   %s", e.largest())
	for _, u := range oldest(e.Top, max(1, (text.Height-8-len(s.Lines))/3)) {
		s.Say("longest   %s", u)
	}
	end := e.remedy()
	room := text.Height - len(s.Lines) - 1 - len(end)/(text.Width-2) - 1
	s.Table(max(1, room), "places", goroutineRows(e.Stuck))
	s.Say("%s", end)
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
		if e.much(e.Outside) {
			s += fmt.Sprintf(", %s of it outside Go", bytesize.Format(e.Outside))
		}
	}
	return s
}

// Report says what the budget holds: its queues, who holds what, what every goroutine of its pipelines is
// doing, and, if nothing moved of late, why that may be. It looks where all goroutines of the process are, which
// stops them for as long as that takes: 25 ms at ten thousand. See [DefaultStallAfter] for the report that comes by
// itself.
func (b *Budget) Report() string {
	if b.mode == Off {
		return "the budget is off: it accounts for nothing"
	}
	in := b.inspect(true)
	var s text.Screen
	if in.still > b.stall.tick {
		s.Say("nothing moved for %s", text.About(in.still))
		for _, c := range []string{in.crowded(), in.indebted()} {
			if c != "" {
				s.Say("%s", c)
			}
		}
		explain(&s, in.diagnose())
	}
	in.fill(&s)
	return s.String()
}

// stall is the event for a budget in which nothing moves.
func (in *snapshot) stall() Event {
	var s text.Screen
	causes := in.diagnose()
	head := "nothing moved for " + text.About(in.still)
	for _, c := range []string{in.crowded(), in.indebted()} {
		if c != "" {
			head += ": " + c
		}
	}
	if len(causes) > 0 {
		head += ": " + string(causes[0].kind) + ": " + causes[0].text
	}
	s.Lines = append(s.Lines, head) // a log shows the first line for itself: it is not broken
	in.fill(&s)
	if len(causes) > 0 {
		s.Say("To do: %s.", causes[0].todo)
		explain(&s, causes[1:])
	}
	return Event{Kind: EventStall, Bytes: in.sum.Used, Text: s.String(), attrs: in.attrs(causes)}
}

// explain adds causes and what to do about them.
func explain(s *text.Screen, causes []cause) {
	for _, c := range causes[:min(len(causes), mostCauses)] {
		s.Say("%s: %s. To do: %s.", c.kind, c.text, c.todo)
	}
}

// fill adds the queues, the sum, who holds what, and who is where.
func (in *snapshot) fill(s *text.Screen) {
	f := bytesize.Format
	rows := [][]string{append(slices.Clone(queueHead), "still for")}
	for _, q := range in.queues {
		rows = append(rows, append(q.row(), text.About(q.still)))
	}
	s.Table(mostQueues, "queues", rows)
	s.Say("budget    %s, %s in use by %s, %s debt, %s waiting, puts that wait: %d", f(in.sum.Limit), f(in.sum.Used),
		text.Count(in.sum.Units, "unit"), f(in.sum.Debt), f(in.sum.Waiting), in.sum.Waiters)
	s.Table(mostQueues, "accounts", accountRows(in.accounts))
	if u := largest(in.usages); u.Largest > 0 {
		s.Say("largest   %s", u.place())
	}
	for _, u := range oldest(in.held(InHand, Detached, Reserved), mostTop) {
		s.Say("holds     %s", u)
	}
	s.Table(mostGoroutines, "places", goroutineRows(in.goroutines))
	if in.total == 0 {
		s.Say("where the goroutines are was not looked at: Budget.Report does")
	} else if in.lost > 0 {
		s.Say("%d of %d goroutines could not be looked at", in.lost, in.total)
	}
}

// leaks is the error for a budget that still has units, nil if it has none.
func (b *Budget) leaks() error {
	in := b.inspect(true)
	if in.sum.Units == 0 && in.sum.Used == 0 {
		return nil
	}
	e := &LeakError{Units: in.sum.Units, Bytes: in.sum.Used, Held: in.held(InHand, Detached, Reserved), Stuck: in.goroutines}
	for _, q := range in.queues {
		if q.Queued+q.InHand > 0 {
			e.Holders = append(e.Holders, q.QueueStats)
		}
	}
	for _, a := range in.accounts {
		if a.Named > 0 {
			if e.Charges == nil {
				e.Charges = map[string]int64{}
			}
			e.Charges[a.Name] += a.Named
		}
	}
	var s text.Screen
	s.Lines = append(s.Lines, e.Error())
	in.fill(&s)
	e.report = s.String()
	b.emit(Event{Kind: EventLeak, Bytes: e.Bytes, Text: strings.TrimPrefix(e.report, "memacct: "), attrs: in.attrs(nil)})
	return e
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

// accountRows are a table of accounts; of a single one without named charges its queues say all.
func accountRows(all []AccountStats) [][]string {
	if len(all) == 1 && all[0].Named == 0 {
		return nil
	}
	f := bytesize.Format
	rows := [][]string{{"account", "in use", "units", "named", "floor", "peak"}}
	for _, a := range all {
		rows = append(rows, []string{a.Name, f(a.Used), fmt.Sprint(a.Units), a.NamedText(), f(a.Floor), f(a.Peak)})
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
		s += ", " + text.About(g.Wait)
	}
	if s == "" {
		return ""
	}
	return " [" + s + "]"
}
