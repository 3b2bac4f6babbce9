package memacct

import (
	"fmt"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
)

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

func (u Usage) label() string { return u.Account + "/" + u.Queue }

// by is who has it.
func (u Usage) by() string {
	if u.Stage == "" {
		return u.label()
	}
	return fmt.Sprintf("%q (from %s)", u.Stage, u.label())
}

// holder is by without the queue.
func (u Usage) holder() string {
	if u.Stage == "" {
		return "the loop"
	}
	return fmt.Sprintf("%q", u.Stage)
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
func units[N int | int64](n N) string {
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
