package debugpage

import (
	"fmt"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
	"github.com/syncmem/syncmem/memacct"
)

// text is the snapshot for a terminal.
func (s *Snapshot) text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "memacct: %s, process %d, %s, mode %s\n\n", text.Printable(s.Program, ' '), s.PID, s.At.UTC().Format(time.RFC3339), s.Mode)
	s.figures(&out)
	for _, w := range s.Warnings {
		fmt.Fprintf(&out, "WARNING: %s\n", text.Printable(w, ' '))
	}
	table(&out, accountColumns, s.Accounts)
	table(&out, queueColumns, s.Queues)
	table(&out, eventColumns, s.Events)
	return out.String()
}

// figures are those of the whole budget.
func (s *Snapshot) figures(out *strings.Builder) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-10s%s\n", name, text.Printable(fmt.Sprintf(format, args...), ' '))
	}
	b, m := bytesize.Format, s.Memory
	process := "the process is not limited"
	if s.ProcessLimit > 0 {
		process = "the process may use " + b(s.ProcessLimit)
	}
	source := s.Source
	if s.Beside != "" {
		source += "; " + s.Beside
	}
	if s.ProcessLimit > 0 {
		line("limit", "%s of content; %s (%s)", b(s.Limit), process, source)
	} else {
		line("limit", "%s of content (%s); %s", b(s.Limit), source, process)
	}
	line("accounted", "%s in %d units, peak %s, debt %s", b(s.Used), s.Units, b(s.Peak), b(s.Debt))
	line("gate", "%d puts wait with %s, pressure %t; overruns %d, refused %d", s.WaitingPuts, b(s.Waiting), s.Pressure, s.Overruns, s.Refused)
	line("heap", "%s live at the last collection, baseline %s, about %s pinned", b(m.Live), b(m.Baseline), b(m.Pinned))
	line("process", "resident %s, Go %s, outside Go %s", known(m.RSS > 0, b(m.RSS)), b(m.Go), known(m.RSS > 0, b(m.Outside)))
	line("collector", "%d cycles, processors %s, at its limit %t; size factor %s", m.Cycles,
		known(m.GCCPU > 0, fmt.Sprintf("%.1f%%", 100*m.GCCPU)), m.GCLimited, known(m.SizeFactor > 0, fmt.Sprintf("%.2f", m.SizeFactor)))
}

func known(is bool, text string) string {
	if is {
		return text
	}
	return "unknown"
}

// column is a column of a table of Ts.
type column[T any] struct {
	head string
	cell func(T) string
}

// byName is what is charged by name, with the names of the holds.
func byName(a Account) string {
	s := memacct.AccountStats{Named: a.Named}
	for _, h := range a.Holds {
		s.Holds = append(s.Holds, memacct.HoldStats(h))
	}
	return s.NamedText()
}

var accountColumns = []column[Account]{
	{"ACCOUNT", func(a Account) string { return a.Name }},
	{"USED", func(a Account) string { return bytesize.Format(a.Used) }},
	{"PEAK", func(a Account) string { return bytesize.Format(a.Peak) }},
	{"WAITING", func(a Account) string { return bytesize.Format(a.Waiting) }},
	{"BY NAME", byName},
	{"FLOOR", func(a Account) string { return bytesize.Format(a.Floor) }},
	{"UNITS", func(a Account) string { return fmt.Sprint(a.Units) }},
}

var queueColumns = []column[Queue]{
	{"QUEUE", func(q Queue) string { return q.Account + "/" + q.Name }},
	{"KIND", func(q Queue) string { return kind(q.Gate) }},
	{"QUEUED", func(q Queue) string { return fmt.Sprintf("%d of %d", q.Queued, q.Slots) }},
	{"BYTES", func(q Queue) string { return bytesize.Format(q.QueuedBytes) }},
	{"IN HAND", func(q Queue) string { return fmt.Sprint(q.InHand) }},
	{"BYTES", func(q Queue) string { return bytesize.Format(q.InHandBytes) }},
	{"PARKED", func(q Queue) string { return fmt.Sprint(q.Parked) }},
	{"WAITING", func(q Queue) string { return fmt.Sprint(q.WaitingPuts) }},
	{"WAITS", func(q Queue) string { return fmt.Sprint(q.Waits) }},
	{"WAITED", func(q Queue) string { return fmt.Sprintf("%.1fs", q.Waited) }},
	{"UNITS", func(q Queue) string { return fmt.Sprint(q.Units) }},
	{"GROWTH", func(q Queue) string {
		if q.Growth == 0 {
			return "-"
		}
		return fmt.Sprintf("%.2fx", q.Growth)
	}},
	{"BATCHES", func(q Queue) string { return q.Batches.String() }},
}

var eventColumns = []column[Event]{
	{"AT", func(e Event) string { return e.At.UTC().Format(time.TimeOnly) }},
	{"EVENT", func(e Event) string { return string(e.Kind) }},
	{"WHERE", func(e Event) string { return strings.Trim(e.Account+"/"+e.Queue, "/") }},
	{"WHAT", func(e Event) string {
		first, more, _ := strings.Cut(e.Text, "\n")
		if more != "" {
			first += " (more with ?format=report, or in the log)"
		}
		return first
	}},
}

func kind(gate bool) string {
	if gate {
		return "gate"
	}
	return "queue"
}

// String is the number of batches, their mean, and their causes: 12 of 400.0: size 10, pressure 2.
func (b Batches) String() string {
	s := memacct.BatchStats{Size: b.Size, Bytes: b.Bytes, End: b.End, Awaited: b.Awaited, Linger: b.Linger, Pressure: b.Pressure, Units: b.Units}
	var causes []string
	for _, c := range []struct {
		name string
		n    int64
	}{{"size", b.Size}, {"bytes", b.Bytes}, {"end", b.End}, {"awaited", b.Awaited}, {"linger", b.Linger}, {"pressure", b.Pressure}} {
		if c.n > 0 {
			causes = append(causes, fmt.Sprint(c.name, " ", c.n))
		}
	}
	if causes == nil {
		return "none"
	}
	return fmt.Sprintf("%d of %.1f: %s", s.Total(), s.Mean(), strings.Join(causes, ", "))
}

// table writes rows below their heads, aligned, and nothing if there are none.
func table[T any](out *strings.Builder, columns []column[T], rows []T) {
	if len(rows) == 0 {
		return
	}
	var cells [][]string
	add := func(cell func(column[T]) string) {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = text.Printable(cell(c), ' ')
		}
		cells = append(cells, row)
	}
	add(func(c column[T]) string { return c.head })
	for _, row := range rows {
		add(func(c column[T]) string { return c.cell(row) })
	}
	fmt.Fprintf(out, "\n%s\n", strings.Join(text.Table(cells, text.Left), "\n"))
}
