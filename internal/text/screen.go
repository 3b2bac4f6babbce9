package text

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A screen has that many Width and lines. A longer report has more of the latter, up to so many bytes in all.
const (
	Width      = 100
	Height     = 24
	mostReport = 64 << 10
)

// Screen is lines of text, none longer than it is wide.
type Screen struct{ Lines []string }

// Say adds a line, and breaks it between words where it is too long.
func (s *Screen) Say(format string, args ...any) {
	text, indent := fmt.Sprintf(format, args...), ""
	for utf8.RuneCountInString(text) > Width {
		at := strings.LastIndexByte(text[:Width], ' ')
		if at <= len(indent)+1 {
			at = strings.IndexByte(text[Width:], ' ') // a word that is longer than a line
			if at < 0 {
				break
			}
			at += Width
		}
		s.Lines = append(s.Lines, text[:at])
		indent = "  "
		text = indent + strings.TrimLeft(text[at:], " ")
	}
	s.Lines = append(s.Lines, text)
}

// Table adds rows with aligned Width, the first most of them; what says how the others are called.
func (s *Screen) Table(most int, what string, rows [][]string) {
	s.Lines = append(s.Lines, Table(rows[:min(len(rows), most)], Left)...)
	if more := len(rows) - most; more > 0 {
		s.Lines = append(s.Lines, fmt.Sprintf("... and %d more %s", more, what))
	}
}

// String is all of it.
func (s *Screen) String() string {
	t := strings.Join(s.Lines, "\n")
	if len(t) > mostReport {
		t = strings.ToValidUTF8(t[:mostReport], "") + "\n..."
	}
	return t
}
