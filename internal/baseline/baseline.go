package baseline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// head is the first line of every baseline.
const head = "# memvet baseline: fingerprint, check, package, file, message. Written by memvet -write-baseline.\n"

// Finding is what a baseline knows of a finding.
type Finding struct {
	Check   string
	Package string // import path, also of a package that is built anew with its tests
	File    string // from the baseline's folder, with slashes
	Text    string // the line in the file; white space does not count
	Message string
}

// Entry is one line of a baseline.
type Entry struct {
	Print   string // of the check and the text: see Print
	Check   string
	Package string
	File    string // as in Finding
	Message string
	Line    int // in the baseline, from 1
}

// File is a baseline that was read.
type File struct {
	Name    string // absolute
	Data    []byte // all of it
	Entries []*Entry
}

// Print is the name of a finding that survives moved lines and renamed files:
// 16 hexadecimal digits over the check and the text of the line without its
// white space.
func Print(check, text string) string {
	sum := sha256.Sum256([]byte(check + "\x00" + strings.Join(strings.Fields(text), "")))
	return hex.EncodeToString(sum[:8])
}

// Package is the import path without what the go command adds to the name of a
// package that is built with its tests.
func Package(path string) string {
	path, _, _ = strings.Cut(path, " [")
	return path
}

// Read reads a baseline. Its errors name the file, the line and the remedy.
func Read(name string) (*File, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	f := &File{Name: name}
	if f.Data, err = os.ReadFile(name); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no baseline %s; make one with memvet -write-baseline %s", name, filepath.Base(name))
	} else if err != nil {
		return nil, err
	}
	n := 0
	for line := range bytes.Lines(f.Data) {
		n++
		row := strings.TrimRight(string(line), "\r\n")
		if row == "" || row[0] == '#' {
			continue
		}
		col := strings.SplitN(row, "\t", 5)
		if _, err := hex.DecodeString(col[0]); err != nil || len(col) < 5 {
			return nil, fmt.Errorf("%s:%d: not a fingerprint, a check, a package, a file and a message; make the file anew with memvet -write-baseline %s", name, n, filepath.Base(name))
		}
		f.Entries = append(f.Entries, &Entry{Print: col[0], Check: col[1], Package: col[2], File: col[3], Message: col[4], Line: n})
	}
	return f, nil
}

// Write writes a baseline of the entries, in order of package, file, check and
// message, so that a diff shows what went and what came.
func Write(name string, entries []*Entry) error {
	slices.SortFunc(entries, func(a, b *Entry) int { return strings.Compare(a.order(), b.order()) })
	var b strings.Builder
	b.WriteString(head)
	for _, e := range entries {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\n", e.Print, e.Check, e.Package, e.File, strings.Join(strings.Fields(e.Message), " "))
	}
	return os.WriteFile(name, []byte(b.String()), 0o644)
}

func (e *Entry) order() string {
	return strings.Join([]string{e.Package, e.File, e.Check, e.Message, e.Print}, "\x00")
}

// EntryOf makes the line of a finding.
func EntryOf(f Finding) *Entry {
	return &Entry{Print: Print(f.Check, f.Text), Check: f.Check, Package: f.Package, File: f.File, Message: f.Message}
}

// Rel is the path of a file as entries have it.
func (b *File) Rel(file string) string {
	rel, err := filepath.Rel(filepath.Dir(b.Name), file)
	if err != nil {
		rel = file
	}
	return filepath.ToSlash(rel)
}

// Path is the path of an entry's file.
func (b *File) Path(e *Entry) string {
	return filepath.Join(filepath.Dir(b.Name), filepath.FromSlash(e.File))
}

// Match finds the entry of each finding, or nil. One entry stands for one
// finding, and the best fit goes first: the same file, then the same package,
// then an entry of another package whose text is gone from its file.
func (b *File) Match(found []Finding) []*Entry {
	m := matcher{File: b, found: found, match: make([]*Entry, len(found)), used: map[*Entry]bool{}, here: map[*Entry]bool{}}
	m.pass(func(e *Entry, f *Finding) bool { return e.File == f.File })
	maps.Copy(m.here, m.used)
	m.pass(func(e *Entry, f *Finding) bool { return e.Package == f.Package && m.moved(e) })
	m.pass(func(e *Entry, f *Finding) bool { return m.moved(e) })
	return m.match
}

type matcher struct {
	*File
	found      []Finding
	match      []*Entry
	used, here map[*Entry]bool // matched at all, and by a finding in the entry's own file
}

func (m *matcher) pass(fits func(*Entry, *Finding) bool) {
	for i := range m.found {
		f := &m.found[i]
		if m.match[i] != nil {
			continue
		}
		print := Print(f.Check, f.Text)
		at := slices.IndexFunc(m.Entries, func(e *Entry) bool { return e.Print == print && !m.used[e] && fits(e, f) })
		if at >= 0 {
			m.match[i] = m.Entries[at]
			m.used[m.match[i]] = true
		}
	}
}

// moved reports whether the text of an entry is gone from its file, which then
// has fewer lines of that text than entries. As long as it is there, the finding
// is there too or was repaired without a change of the line: it did not move.
func (m *matcher) moved(e *Entry) bool {
	data, err := os.ReadFile(m.Path(e))
	if err != nil {
		return true
	}
	lines, entries := 0, 0
	for line := range bytes.Lines(data) {
		if Print(e.Check, string(line)) == e.Print {
			lines++
		}
	}
	for _, o := range m.Entries {
		switch {
		case o.Print != e.Print || o.File != e.File:
		case m.here[o]:
			lines-- // this line is taken
		case !m.used[o]:
			entries++
		}
	}
	return lines < entries
}

// Gone says that the finding of an entry is gone, and what to do.
func (b *File) Gone(e *Entry) string {
	name := filepath.Base(b.Name)
	return fmt.Sprintf("the finding of %s in %s is gone: memvet -baseline=%s -shrink ./... takes this line out of %s", e.Check, e.File, name, name)
}

// Lines reads lines of files, and keeps the file it was last asked for.
type Lines struct {
	file  string
	lines [][]byte
}

// Text is line n of a file, from 1; a file that is gone has no text.
func (r *Lines) Text(file string, n int) string {
	if r.file != file {
		data, _ := os.ReadFile(file)
		r.file, r.lines = file, bytes.Split(data, []byte{'\n'})
	}
	if n < 1 || n > len(r.lines) {
		return ""
	}
	return string(r.lines[n-1])
}
