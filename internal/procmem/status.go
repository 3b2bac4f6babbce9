package procmem

import (
	"bytes"
	"errors"
	"fmt"
)

// Sample is what the kernel says about the resident pages of a process at one
// moment. All are bytes.
type Sample struct {
	RSSAnon   int64 // anonymous pages: heap, stacks, the runtime's own
	RSSFile   int64 // pages of mapped files: the program's text, SQLite's mmap
	RSSShmem  int64 // shared memory, tmpfs
	Swap      int64 // anonymous pages that are on disk at the moment
	HighWater int64 // the most RSSAnon+RSSFile+RSSShmem ever was, exactly (VmHWM)
	Locked    int64 // the mappings that are locked in memory, whether all of them is there or not (VmLck)
}

// LockedFiles is how many bytes of mapped files the kernel does not drop: what is locked is taken to be files first.
func (s Sample) LockedFiles() int64 { return min(s.RSSFile, s.Locked) }

// statusKeys begin the lines of /proc/PID/status that fill a Sample, RssAnon
// first.
var statusKeys = [...][]byte{[]byte("RssAnon:"), []byte("RssFile:"), []byte("RssShmem:"), []byte("VmSwap:"), []byte("VmHWM:"), []byte("VmLck:")}

var errNoRSS = errors.New("no RssAnon line; it is there since Linux 4.5")

// parseStatus reads the text of /proc/PID/status. It does not allocate, so
// that a sampler disturbs the heap it watches by nothing.
func parseStatus(text []byte) (Sample, error) {
	var values [len(statusKeys)]int64
	values[0] = -1
	for len(text) > 0 {
		var line []byte
		line, text = cutLine(text)
		for i, key := range statusKeys {
			if !bytes.HasPrefix(line, key) {
				continue
			}
			n, ok := kiloBytes(line[len(key):])
			if !ok {
				return Sample{}, fmt.Errorf("/proc/self/status: no number of kB in %q", line)
			}
			values[i] = n
		}
	}
	if values[0] < 0 {
		return Sample{}, fmt.Errorf("/proc/self/status: %w (%w)", errNoRSS, ErrUnsupported)
	}
	return Sample{values[0], values[1], values[2], values[3], values[4], values[5]}, nil
}

// cutLine splits off the first line, without its end.
func cutLine(text []byte) (line, rest []byte) {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, nil
}

// kiloBytes reads "\t   1728 kB" as bytes.
func kiloBytes(b []byte) (int64, bool) {
	b, ok := bytes.CutSuffix(bytes.TrimSpace(b), []byte(" kB"))
	if !ok || len(b) == 0 || len(b) > 15 { // 15 digits of kB still are an int64 of bytes
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n << 10, true
}
