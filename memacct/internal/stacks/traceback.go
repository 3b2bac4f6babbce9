package stacks

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/gostackparse"
)

// Parse reads the traceback of several goroutines, as runtime.Stack prints it. It returns one for each header,
// in order: what is malformed or cut off costs frames, never a goroutine.
//
// gostackparse reads the frames. It drops goroutines whose header has more than a state, a time and "locked to
// thread", so it is given plain headers; those are read here.
func Parse(trace []byte) []Goroutine {
	plain, all := normalise(trace)
	stacks := parseFrames(plain)
	for i := range all {
		all[i].Stack = stacks[i+1]
	}
	return all
}

// parseFrames returns the frames by the number that normalise gave each goroutine. A traceback that the parser
// chokes on must not take the program down with it: it is read while something is wrong already.
func parseFrames(plain []byte) (stacks map[int][]Frame) {
	stacks = map[int][]Frame{}
	defer func() { _ = recover() }()
	parsed, _ := gostackparse.Parse(bytes.NewReader(plain))
	for _, g := range parsed {
		for _, f := range g.Stack {
			stacks[g.ID] = append(stacks[g.ID], Frame{f.Func, f.File, f.Line})
		}
	}
	return stacks
}

const (
	headerPrefix   = "goroutine "
	createdPrefix  = "created by "
	ancestorPrefix = "[originating from goroutine "
	longestLine    = 16 << 10 // the parser gives up on lines of 64 KiB
)

// normalise reads the headers of a traceback, and writes it anew with headers that are a number from 1 on and
// nothing else, and below each only whole frames.
func normalise(trace []byte) (plain []byte, all []Goroutine) {
	plain = make([]byte, 0, len(trace))
	var call []byte // the line of a frame that names the function; its place is in the next
	skip := true    // until the next header
	for len(trace) > 0 {
		var line []byte
		line, trace, _ = bytes.Cut(trace, []byte("\n"))
		if g, ok := parseHeader(line); ok {
			all = append(all, g)
			plain = append(plain, "\ngoroutine "+strconv.Itoa(len(all))+" [x]:\n"...)
			call, skip = nil, false
			continue
		}
		switch {
		case skip || len(line) > longestLine:
		case bytes.HasPrefix(line, []byte(createdPrefix)):
			all[len(all)-1].Parent = parent(line)
			skip = true // nothing but the place of that, and ancestors, comes after it
		case bytes.HasPrefix(line, []byte(ancestorPrefix)):
			skip = true
		case bytes.HasPrefix(line, []byte("...")) && bytes.HasSuffix(line, []byte("frames elided...")):
			call = nil
		case isPlace(line) && call != nil:
			plain = append(append(append(append(plain, call...), '\n'), line...), '\n')
			call = nil
		case isCall(line):
			call = line
		}
	}
	return plain, all
}

// isPlace reports whether line is the file and line of a frame, as the parser wants it: it takes the first colon
// before a digit for the one before the line number.
func isPlace(line []byte) bool {
	if len(line) < 2 || line[0] != '\t' {
		return false
	}
	digit := func(i int) bool { return i < len(line) && '0' <= line[i] && line[i] <= '9' }
	i := 2
	for i < len(line) && !(line[i-1] == ':' && digit(i)) {
		i++
	}
	first := i
	for digit(i) {
		i++
	}
	return 0 < i-first && i-first < 10 && (i == len(line) || line[i] == ' ')
}

// isCall reports whether line is a function and its arguments: pairs of parentheses, none in another. A pair in
// another would have the parser drop the goroutine.
func isCall(line []byte) bool {
	depth, pairs := 0, 0
	for i, c := range line {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
			pairs++
		}
		if depth < 0 || depth > 1 || depth == 1 && i == 0 {
			return false
		}
	}
	return depth == 0 && pairs > 0
}

// parent reads the number of the goroutine that started another: "created by main.main in goroutine 1".
func parent(line []byte) uint64 {
	i := bytes.LastIndex(line, []byte(" in goroutine "))
	if i < 0 {
		return 0
	}
	id, _ := strconv.ParseUint(string(line[i+len(" in goroutine "):]), 10, 64)
	return id
}

// parseHeader reads the first line of a goroutine, such as
//
//	goroutine 7 gp=0xc000 m=nil [chan receive (durable), 3 minutes, locked to thread, synctest bubble 1 labels:{"k": "v"}]:
//
// of which most is there only sometimes.
func parseHeader(line []byte) (g Goroutine, ok bool) {
	rest, ok := strings.CutPrefix(string(line[:min(len(line), longestLine)]), headerPrefix)
	if !ok {
		return g, false
	}
	number, rest, ok := strings.Cut(rest, " ")
	if !ok {
		return g, false
	}
	id, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return g, false
	}
	_, rest, ok = strings.Cut(rest, "[")
	if !ok {
		return g, false
	}
	g = Goroutine{ID: id, Count: 1}
	if i := strings.Index(rest, " labels:{"); i >= 0 {
		g.Labels = parseLabels(rest[i+len(" labels:{"):])
		rest = rest[:i]
	}
	rest, _, _ = strings.Cut(rest, "]") // cut off or not
	parts := strings.Split(rest, ", ")
	g.State = parts[0]
	for _, p := range parts[1:] {
		if n, ok := strings.CutSuffix(p, " minutes"); ok {
			minutes, _ := strconv.ParseUint(n, 10, 32)
			g.Wait = time.Duration(minutes) * time.Minute
		}
	}
	return g, true
}

// parseLabels reads `"key": "value", "key": "value"}`, with or without spaces, up to where it breaks off.
func parseLabels(s string) map[string]string {
	labels := map[string]string{}
	for {
		key, rest, ok := unquote(s)
		if !ok || !strings.HasPrefix(rest, ":") {
			return labels
		}
		value, rest, ok := unquote(strings.TrimLeft(rest[1:], " "))
		if !ok {
			return labels
		}
		labels[key] = value
		s = strings.TrimLeft(rest, ", ")
	}
}

// unquote takes a quoted string off the front of s.
func unquote(s string) (value, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", s, false
	}
	value, err = strconv.Unquote(quoted)
	return value, s[len(quoted):], err == nil
}
