package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// A baseline lists findings that are accepted for now, one a line: fingerprint,
// check, file and what was said, so that a reader of the diff sees what went.

// fingerprint gives each finding a name that survives moved lines: the check,
// the file, the package and the line's own text without its spaces. Findings
// that are equal in all of them are counted, so the second of two stays new.
func fingerprint(found []Finding) {
	lines := lineReader{}
	seen := map[string]int{}
	for i := range found {
		f := &found[i]
		key := strings.Join([]string{f.Check, f.Package, f.File, lines.text(f.File, f.Line)}, "\x00")
		seen[key]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, seen[key]))
		f.Fingerprint = hex.EncodeToString(sum[:8])
	}
}

// lineReader keeps the lines of the file it was last asked for.
type lineReader struct {
	file  string
	lines []string
}

var spaces = regexp.MustCompile(`\s+`)

func (r *lineReader) text(file string, n int) string {
	if r.file != file {
		data, _ := os.ReadFile(file) // a file that is gone has no text
		r.file, r.lines = file, strings.Split(string(data), "\n")
	}
	if n < 1 || n > len(r.lines) {
		return ""
	}
	return spaces.ReplaceAllString(r.lines[n-1], "")
}

type baseline map[string]bool

func readBaseline(name string) (baseline, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no baseline %s; make one with -write-baseline %s", name, name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	known := baseline{}
	rows := bufio.NewScanner(f)
	for n := 1; rows.Scan(); n++ {
		print, _, _ := strings.Cut(rows.Text(), "\t")
		if print == "" || print[0] == '#' {
			continue
		}
		if _, err := hex.DecodeString(print); err != nil {
			return nil, fmt.Errorf("%s:%d: %q is no fingerprint; make the file anew with -write-baseline %s", name, n, print, name)
		}
		known[print] = true
	}
	return known, rows.Err()
}

func (b baseline) without(found []Finding) []Finding {
	var fresh []Finding
	for _, f := range found {
		if !b[f.Fingerprint] {
			fresh = append(fresh, f)
		}
	}
	return fresh
}

func (o *options) saveBaseline(found []Finding, failed bool, stderr io.Writer) int {
	if failed {
		fmt.Fprintln(stderr, "memvet: no baseline written, since some packages could not be analyzed and their findings would be missing")
		return exitFailed
	}
	var b strings.Builder
	b.WriteString("# memvet baseline: fingerprint, check, file, message. Written by memvet -write-baseline.\n")
	for _, f := range found {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", f.Fingerprint, f.Check, f.File, f.Message)
	}
	if err := os.WriteFile(o.writeBaseline, []byte(b.String()), 0o644); err != nil {
		fmt.Fprintln(stderr, "memvet: cannot write the baseline:", err)
		return exitFailed
	}
	return exitClean
}
