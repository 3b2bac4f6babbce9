package stacks

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// folder reads a goroutine profile in its text form while it is written, and keeps at most maxFolded places of
// it, however many there are:
//
//	100 @ 0x47a2b3 0x4d3f10
//	# labels: {"stage":"save"}
//	#	0x47a2b2	main.save+0x12	/src/main.go:17
//
// The places that many goroutines share come first. So one that says nothing of a pipeline is dropped for one
// that has labels or is inside package memacct, and may come late.
type folder struct {
	kept []Goroutine
	bare int // of those, the ones that say nothing
	seen int // goroutines
	cur  Goroutine
	part []byte // a line that was not written to its end
}

// Write takes the next bytes of a profile. It never fails.
func (f *folder) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		if !whole {
			if len(f.part)+len(p) <= longestLine {
				f.part = append(f.part, p...)
			}
			return n, nil
		}
		f.line(string(append(f.part, line...)))
		f.part, p = f.part[:0], rest
	}
}

// line takes one line.
func (f *folder) line(s string) {
	if count, _, ok := strings.Cut(s, " @"); ok && !strings.HasPrefix(s, "#") {
		f.keep()
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return
		}
		f.cur = Goroutine{Count: n}
		f.seen += n
		return
	}
	if labels, ok := strings.CutPrefix(s, "# labels: {"); ok {
		f.cur.Labels = parseLabels(labels)
		return
	}
	if frame, ok := parseProfileFrame(s); ok {
		f.cur.Stack = append(f.cur.Stack, frame)
	}
}

// parseProfileFrame reads a line such as "#	0x47a2b2	main.save+0x12	/src/main.go:17".
func parseProfileFrame(s string) (Frame, bool) {
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == '\t' })
	if len(fields) < 4 || fields[0] != "#" {
		return Frame{}, false
	}
	place := fields[3]
	i := strings.LastIndexByte(place, ':')
	if i < 0 {
		return Frame{}, false
	}
	n, err := strconv.ParseUint(place[i+1:], 10, 31)
	if err != nil {
		return Frame{}, false
	}
	name, _, _ := strings.Cut(strings.TrimRight(fields[2], " "), "+0x")
	return Frame{name, place[:i], int(n)}, true
}

// keep files what was read of one place.
func (f *folder) keep() {
	g := f.cur
	f.cur = Goroutine{}
	if g.Count == 0 {
		return
	}
	if len(f.kept) < maxFolded {
		f.kept = append(f.kept, g)
		if !g.tells() {
			f.bare++
		}
		return
	}
	if f.bare == 0 || !g.tells() {
		return
	}
	i := len(f.kept) - 1
	for f.kept[i].tells() {
		i--
	}
	f.kept[i] = g
	f.bare--
}

// tells reports whether g has to do with a pipeline.
func (g Goroutine) tells() bool {
	return g.Labels != nil || slices.ContainsFunc(g.Stack, func(f Frame) bool { return strings.HasPrefix(f.Func, Accountant) })
}

// finish returns what was kept.
func (f *folder) finish() []Goroutine {
	f.keep()
	return f.kept
}
