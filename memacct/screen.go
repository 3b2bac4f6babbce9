package memacct

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// A screen has that many columns and lines. A longer report has more of the latter, up to so many bytes in all.
const (
	columns     = 100
	screenLines = 24
	mostReport  = 64 << 10
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
