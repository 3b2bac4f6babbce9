// Package text lays out what a person reads: tables, lines of a screen, amounts in words, and names made safe for a
// terminal. Reports, the page and the record of package memacct share it.
package text

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Count is a number of things: "1 unit", "3 units".
func Count[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// About is a time in two digits or so.
func About(d time.Duration) string {
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

// Printable is one line in which nothing moves a terminal's cursor or breaks a table: what can't be printed is replaced.
// Names are the program's, and may come from a repository.
func Printable(line string, instead rune) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return instead
		}
		return r
	}, line)
}
