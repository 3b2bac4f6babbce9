package procmem

import (
	"bytes"
	"errors"
	"strconv"
)

// span is part of the address space: from, and up to but without to.
type span struct{ from, to uint64 }

// arena finds the mappings of the Go heap in the text of /proc/PID/maps: those of no file that may be written to, in
// the unbroken run of mappings around an address of the heap. The runtime reserves a run, and makes it writable piece
// by piece. A line is
//
//	c000000000-c000400000 rw-p 00000000 00:00 0
func arena(maps []byte, heap uint64) (spans []span, err error) {
	var end uint64
	inside := false
	for len(maps) > 0 {
		var line []byte
		line, maps = cutLine(maps)
		s, rest, err := parseSpan(line)
		if err != nil {
			return nil, err
		}
		anonymous := bytes.Contains(rest, []byte(" 00:00 0"))
		if s.from != end || !anonymous {
			if inside {
				break
			}
			spans = spans[:0] // of another run
		}
		if anonymous && bytes.HasPrefix(rest, []byte("rw")) {
			spans = append(spans, s)
			inside = inside || s.from <= heap && heap < s.to
		}
		end = s.to
	}
	if !inside {
		return nil, errors.New("/proc/self/maps: the heap is not there")
	}
	return spans, nil
}

// parseSpan reads the addresses that a line of /proc/PID/maps begins with.
func parseSpan(line []byte) (s span, rest []byte, err error) {
	addresses, rest, _ := bytes.Cut(line, []byte(" "))
	from, to, _ := bytes.Cut(addresses, []byte("-"))
	a, err1 := strconv.ParseUint(string(from), 16, 64)
	b, err2 := strconv.ParseUint(string(to), 16, 64)
	if err1 != nil || err2 != nil || a > b {
		return span{}, nil, errors.New("/proc/self/maps: not a mapping: " + strconv.Quote(string(line)))
	}
	return span{a, b}, rest, nil
}
