package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/analyzer"
	"github.com/syncmem/syncmem/internal/baseline"
)

// known is what a baseline has of a finding.
func (f *Finding) known(list *baseline.File, text string) baseline.Finding {
	return baseline.Finding{
		Check: f.Check, Package: baseline.Package(f.Package), File: list.Rel(f.path), Text: text, Message: f.Message,
	}
}

// allKnown is known of every finding.
func allKnown(list *baseline.File, found []Finding) []baseline.Finding {
	lines := baseline.Lines{}
	all := make([]baseline.Finding, len(found))
	for i := range found {
		all[i] = found[i].known(list, lines.Text(found[i].path, found[i].Line))
	}
	return all
}

// fingerprint gives each finding the name it has in code scanning: the check,
// the package and the line's own text without its spaces. Findings that are equal
// in all of them are counted.
func fingerprint(found []Finding) {
	lines := baseline.Lines{}
	seen := map[string]int{}
	for i := range found {
		f := &found[i]
		key := baseline.Print(f.Check, lines.Text(f.path, f.Line)) + " " + baseline.Package(f.Package)
		seen[key]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", key, seen[key]))
		f.Fingerprint = hex.EncodeToString(sum[:8])
	}
}

// unlisted leaves out what the baseline lists and adds its stale lines; with
// -shrink it takes those out of the file instead, and notes what moved.
func (o *options) unlisted(found []Finding, failed bool, stderr io.Writer) ([]Finding, error) {
	if o.baseline == "" {
		return found, nil
	}
	list, err := baseline.Read(o.baseline)
	if err != nil {
		return nil, err
	}
	known := allKnown(list, found)
	var fresh []Finding
	now := map[*baseline.Entry]*baseline.Entry{}
	for i, e := range list.Match(known) {
		if e == nil {
			fresh = append(fresh, found[i])
		} else {
			now[e] = baseline.EntryOf(known[i])
		}
	}
	if failed { // findings are missing, so nothing is known to be stale
		return fresh, nil
	}
	stale, err := o.stale(list, now)
	if err != nil {
		return nil, err
	}
	if o.shrink {
		return fresh, o.shorten(list, now, stale, stderr)
	}
	for _, e := range stale {
		fresh = append(fresh, Finding{
			Check: "directive", File: relative(list.Name), path: list.Name, Line: e.Line, Column: 1, URL: pageURL("directive"), Package: e.Package,
			Message: "memvet/directive: " + list.Gone(e), Fingerprint: e.Print,
		})
	}
	return fresh, nil
}

// shorten writes the baseline anew without the stale entries.
func (o *options) shorten(list *baseline.File, now map[*baseline.Entry]*baseline.Entry, stale []*baseline.Entry, stderr io.Writer) error {
	var keep []*baseline.Entry
	moved := 0
	for _, e := range list.Entries {
		n := now[e]
		switch {
		case slices.Contains(stale, e):
			continue
		case n == nil: // not looked at in this run
			n = e
		case n.Package != e.Package || n.File != e.File:
			moved++
		}
		keep = append(keep, n)
	}
	if err := baseline.Write(o.baseline, keep); err != nil {
		return fmt.Errorf("cannot write the baseline: %w", err)
	}
	fmt.Fprintf(stderr, "memvet: %s: %d lines taken out, %d moved, %d left\n", o.baseline, len(stale), moved, len(keep))
	return nil
}

// stale are the entries without a finding, of those this run would have found:
// not of checks that are off, of packages that were not named, or of files that
// this platform leaves out.
func (o *options) stale(list *baseline.File, now map[*baseline.Entry]*baseline.Entry) ([]*baseline.Entry, error) {
	var open []*baseline.Entry
	for _, e := range list.Entries {
		if now[e] == nil && o.reports(e) {
			open = append(open, e)
		}
	}
	if len(open) == 0 {
		return nil, nil
	}
	built, err := o.list()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(open, func(e *baseline.Entry) bool {
		file := list.Path(e)
		if _, err := os.Stat(file); err != nil {
			return !o.names(filepath.Dir(file))
		}
		return !built[file]
	}), nil
}

// reports tells whether this run's flags let a finding like the entry's be
// reported.
func (o *options) reports(e *baseline.Entry) bool {
	switch {
	case !o.checks[e.Check]:
		return false
	case strings.Contains(e.Message, analyzer.Doubtful) && !o.low:
		return false
	case strings.HasSuffix(e.File, "_test.go"):
		return o.tests
	}
	return true
}

// list is the set of Go files that the run looked at, as absolute names.
func (o *options) list() (map[string]bool, error) {
	args := append([]string{"list", "-e", "-f", `{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}` +
		`{{range .CgoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .TestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}`}, o.build...)
	cmd := exec.Command("go", append(args, o.patterns...)...)
	cmd.Stderr = io.Discard // what is wrong with a package go vet has said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot list the packages: %w", err)
	}
	all := map[string]bool{}
	for line := range bytes.Lines(out) {
		if name := strings.TrimSpace(string(line)); name != "" {
			all[filepath.FromSlash(name)] = true
		}
	}
	return all, nil
}

// names reports whether a pattern of the run stands for a folder and for what is
// below it, as ./... does: then a file that is gone from there was looked for.
func (o *options) names(dir string) bool {
	return slices.ContainsFunc(o.patterns, func(p string) bool {
		root, all := strings.CutSuffix(p, "...")
		if root = strings.TrimSuffix(root, "/"); root != "." && !strings.HasPrefix(root, "./") && !strings.HasPrefix(root, "../") && root != ".." && !filepath.IsAbs(root) {
			return false // an import path
		}
		abs, err := filepath.Abs(root)
		if err != nil {
			return false
		}
		rel, err := filepath.Rel(abs, dir)
		return err == nil && (rel == "." || all && filepath.IsLocal(rel))
	})
}

func (o *options) saveBaseline(found []Finding, failed bool, stderr io.Writer) int {
	if failed {
		fmt.Fprintln(stderr, "memvet: no baseline written, since some packages could not be analyzed and their findings would be missing")
		return exitFailed
	}
	name, err := filepath.Abs(o.writeBaseline)
	if err == nil {
		var entries []*baseline.Entry
		for _, f := range allKnown(&baseline.File{Name: name}, found) {
			entries = append(entries, baseline.EntryOf(f))
		}
		err = baseline.Write(name, entries)
	}
	if err != nil {
		fmt.Fprintln(stderr, "memvet: cannot write the baseline:", err)
		return exitFailed
	}
	return exitClean
}
