package record

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/text"
)

// Print writes the record for a reader: who wrote it and how it ended, the last decisions and the last samples,
// at most last of each, what the stages held at the end, and the summary. Lines are at most 100 characters long,
// unless names are.
func (r *Record) Print(w io.Writer, last int) error {
	var p printer
	r.printHead(&p)
	r.printEvents(&p, last)
	r.printSamples(&p, last)
	r.printStages(&p)
	r.printCharges(&p)
	p.line("\nsummary")
	for _, l := range text.Wrap(r.Summary(), text.Width-2) {
		p.line("  %s", l)
	}
	lines := strings.Split(p.String(), "\n")
	for i, l := range lines {
		lines[i] = text.Printable(l, '?')
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n"))
	return err
}

// printer collects the text.
type printer struct{ strings.Builder }

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// table prints rows in columns, set in, numbers to the right if asked to.
func (p *printer) table(side text.Alignment, rows [][]string) {
	margin := "  "
	if side == text.Right {
		margin = "" // the padding is on the left
	}
	for _, line := range text.Table(rows, side) {
		p.line("%s", margin+line)
	}
}

func (r *Record) printHead(p *printer) {
	s := r.last()
	const day = "2006-01-02 15:04:05"
	p.line("record   %s: %s, %s, over %v", r.Path, text.Count(len(r.Samples), "sample"), text.Count(len(r.Events), "event"), r.Last.Sub(r.Opened).Round(time.Second))
	p.line("process  %s, pid %d on %s, %s, started %s", r.Command, r.PID, r.Host, r.GoVersion, r.Started.Format(day))
	p.line("limit    %s", s.limits())
	p.line("last     %s", r.Last.Format(day+".000"))
	p.line("ended    %s", map[Ended]string{
		Clean: "cleanly", Running: "not yet: the process is alive and writes to it",
		Killed: "without closing the record: the process was killed, or crashed",
	}[r.Ended])
	if r.Damaged > 0 {
		p.line("damaged  %s left out", text.Count(r.Damaged, "event or sample"))
	}
}

// limits says what was allowed, and who said so.
func (s *Sample) limits() string {
	f := bytesize.Format
	switch {
	case s.Process > 0:
		return fmt.Sprintf("%s for the process (%s); at the end %s of it for content", f(s.Process), s.Source, f(s.Limit))
	case s.Limit > 0:
		return fmt.Sprintf("%s of content (%s); none for the process", f(s.Limit), s.Source)
	}
	if s.At.IsZero() {
		return "unknown, no sample is left"
	}
	return "none"
}

const clock = "15:04:05.000"

func (r *Record) printEvents(p *printer, last int) {
	p.line("\nlast decisions")
	if len(r.Events) == 0 {
		p.line("  none")
	}
	for _, e := range tail(r.Events, last) {
		what, _, _ := strings.Cut(e.Text, "\n")
		if where := strings.Trim(e.Account+"/"+e.Queue, "/"); where != "" {
			what = where + ": " + what
		}
		if e.Bytes != 0 && !strings.Contains(what, bytesize.Format(e.Bytes)) {
			what += " (" + bytesize.Format(e.Bytes) + ")"
		}
		lines := text.Wrap(what, text.Width-25)
		p.line("  %s  %-7s  %s", e.At.Format(clock), e.Kind, lines[0])
		for _, l := range lines[1:] {
			p.line("%25s%s", "", l)
		}
	}
}

func (r *Record) printSamples(p *printer, last int) {
	p.line("\nlast samples (bytes)")
	f := bytesize.Format
	rows := [][]string{{"time", "content limit", "accounted", "waiting", "live", "pinned", "Go", "RSS", "GCs"}}
	for _, s := range tail(r.Samples, last) {
		rows = append(rows, []string{
			s.At.Format(clock), f(s.Limit), f(s.Used), f(s.Waiting), f(s.Live), f(s.Pinned), f(s.Go), known(s.RSS), fmt.Sprint(s.Cycles),
		})
	}
	p.table(text.Right, rows)
}

// known is an amount that not every system can tell.
func known(n int64) string {
	if n == 0 {
		return "?"
	}
	return bytesize.Format(n)
}

func (r *Record) printStages(p *printer) {
	s := r.last()
	f := bytesize.Format
	if len(s.Stages) == 0 {
		return // there is no gate yet, or nothing is accounted
	}
	p.line("\nby stage, at the last sample")
	rows := [][]string{{"stage", "queued", "bytes", "in hand", "bytes", "waiting", "bytes", "waited", "mean batch"}}
	for _, q := range s.byBytes() {
		name := q.Account + "/" + q.Queue
		if q.Gate {
			name += " (gate)"
		}
		rows = append(rows, []string{
			name, fmt.Sprint(q.Queued), f(q.QueuedBytes), fmt.Sprint(q.InHand), f(q.InHandBytes), fmt.Sprint(q.Waiters), f(q.WaiterBytes),
			q.Waited.Round(time.Millisecond).String(), q.meanBatch(),
		})
	}
	p.table(text.Left, rows)
	if s.LeftOut > 0 {
		p.line("  and %d smaller ones", s.LeftOut)
	}
	p.line("\nby type of unit, at the last sample")
	rows = [][]string{{"type", "units", "bytes"}}
	for _, t := range s.ByType() {
		rows = append(rows, []string{t.Type, fmt.Sprint(t.Units), f(t.Bytes)})
	}
	p.table(text.Left, rows)
}

func (s *Stage) meanBatch() string {
	if s.Batches == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(s.BatchUnits)/float64(s.Batches))
}

// printCharges shows what is in no queue.
func (r *Record) printCharges(p *printer) {
	for _, a := range r.last().Accounts {
		if a.Named != 0 {
			p.line("\ncharged by name  %s: %s", a.Name, bytesize.Format(a.Named))
		}
	}
}

// TypeHolding is what the units of one type hold, in bytes.
type TypeHolding struct {
	Type         string
	Units, Bytes int64
}

// ByType sums the stages by the type of their units, the largest first.
func (s *Sample) ByType() (all []TypeHolding) {
	at := map[string]int{}
	for _, q := range s.Stages {
		i, ok := at[q.Type]
		if !ok {
			i = len(all)
			at[q.Type], all = i, append(all, TypeHolding{Type: q.Type})
		}
		all[i].Units += q.Queued + q.InHand
		all[i].Bytes += q.Bytes()
	}
	slices.SortStableFunc(all, func(a, b TypeHolding) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return all
}

func tail[T any](all []T, n int) []T { return all[max(0, len(all)-max(0, n)):] }
