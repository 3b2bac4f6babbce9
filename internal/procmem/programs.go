package procmem

import "bytes"

// programSpan is a mapping of a program or a library.
type programSpan struct {
	span
	writable bool
}

// constantBytes is how many bytes of the mappings are not written to: code and constants.
func constantBytes(spans []programSpan) (n int64) {
	for _, s := range spans {
		if !s.writable {
			n += int64(s.to - s.from)
		}
	}
	return n
}

// programs finds the mappings of the program and its libraries in the text of /proc/PID/maps: the private ones of each
// file that is executable anywhere. A line is
//
//	00400000-00a3e000 r-xp 00000000 fe:00 1234    /usr/bin/program
func programs(maps []byte) (spans []programSpan, err error) {
	type mapping struct {
		programSpan
		file string
	}
	var all []mapping
	executable := map[string]bool{}
	for len(maps) > 0 {
		var line []byte
		line, maps = cutLine(maps)
		s, rest, err := parseSpan(line)
		if err != nil {
			return nil, err
		}
		flags, rest, _ := bytes.Cut(rest, []byte(" "))
		at := bytes.IndexByte(rest, '/')
		if at < 0 || !bytes.HasSuffix(flags, []byte("p")) {
			continue
		}
		m := mapping{programSpan{s, bytes.Contains(flags, []byte("w"))}, string(rest[at:])}
		all = append(all, m)
		if bytes.Contains(flags, []byte("x")) {
			executable[m.file] = true
		}
	}
	for _, m := range all {
		if executable[m.file] {
			spans = append(spans, m.programSpan)
		}
	}
	return spans, nil
}
