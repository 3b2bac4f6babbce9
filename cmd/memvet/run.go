package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Finding is one finding, as all the formats print it.
type Finding struct {
	Check       string    `json:"check"`
	File        string    `json:"file"` // relative to the working folder when inside
	Line        int       `json:"line"`
	Column      int       `json:"column"`
	EndLine     int       `json:"endLine,omitempty"`
	EndColumn   int       `json:"endColumn,omitempty"`
	Message     string    `json:"message"`
	URL         string    `json:"url"`
	Package     string    `json:"package"`
	Fingerprint string    `json:"fingerprint"` // survives moved lines
	Related     []Related `json:"related,omitempty"`

	path string // absolute
}

// Related is a place that explains a finding.
type Related struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Message string `json:"message"`

	path string // absolute
}

// run analyzes the packages by handing itself to go vet, which loads, caches
// and carries the facts; prints what is new; and says it by the exit code.
func (o *options) run(stdout, stderr io.Writer) int {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(stderr, "memvet: cannot find my own binary to hand to go vet:", err)
		return exitFailed
	}
	if o.fix {
		return o.applyFixes(self, stdout, stderr)
	}
	found, failed, err := o.vet(self, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "memvet:", err)
		return exitFailed
	}
	if o.writeBaseline != "" {
		return o.saveBaseline(found, failed, stderr)
	}
	if found, err = o.unlisted(found, failed, stderr); err != nil {
		fmt.Fprintln(stderr, "memvet:", err)
		return exitUsage
	}
	if err := formats[o.format](stdout, found); err != nil {
		fmt.Fprintln(stderr, "memvet: writing the findings:", err)
		return exitFailed
	}
	switch {
	case failed:
		return exitFailed
	case len(found) > 0:
		return exitFindings
	}
	return exitClean
}

// vet runs go vet and reads its JSON. With -json its exit code speaks only of
// packages that could not be analyzed.
func (o *options) vet(self string, stderr io.Writer) (found []Finding, failed bool, err error) {
	args := append([]string{"vet", "-vettool=" + self, "-json"}, o.pass...)
	cmd := exec.Command("go", append(args, o.patterns...)...)
	cmd.Env = append(os.Environ(), wholeRun+"=1")
	var out bytes.Buffer
	errs := &quiet{to: stderr}
	cmd.Stdout, cmd.Stderr = &out, errs
	runErr := cmd.Run()
	errs.flush()
	var exit *exec.ExitError
	if runErr != nil && !errors.As(runErr, &exit) {
		return nil, false, fmt.Errorf("cannot run \"go vet\"; the go command must be in the PATH: %w", runErr)
	}
	found, err = parseVet(out.Bytes())
	return found, runErr != nil || crashed(found), err
}

// crashed reports whether a check crashed on some package: that package's
// findings are missing, as if it could not be analyzed.
func crashed(found []Finding) bool {
	return slices.ContainsFunc(found, func(f Finding) bool {
		return strings.Contains(f.Message, ": internal error on package ")
	})
}

// quiet passes go vet's stderr on, less the lines that only name a package.
type quiet struct {
	to   io.Writer
	rest []byte
}

func (q *quiet) Write(p []byte) (int, error) {
	q.rest = append(q.rest, p...)
	for {
		i := bytes.IndexByte(q.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		if line := q.rest[:i+1]; !bytes.HasPrefix(line, []byte("# ")) {
			q.to.Write(line)
		}
		q.rest = q.rest[i+1:]
	}
}

func (q *quiet) flush() { q.to.Write(q.rest) }

// vetDiagnostic is what go vet prints of one.
type vetDiagnostic struct {
	Posn    string `json:"posn"`
	End     string `json:"end"`
	Message string `json:"message"`
	Related []struct {
		Posn    string `json:"posn"`
		Message string `json:"message"`
	} `json:"related"`
}

// parseVet reads the objects, one a package and mixed with comment lines, into
// findings in order of place, each once: a package and its test variant report
// the same lines.
func parseVet(data []byte) ([]Finding, error) {
	dec := json.NewDecoder(bytes.NewReader(withoutComments(data)))
	var all []Finding
	for dec.More() {
		var unit map[string]map[string]json.RawMessage
		if err := dec.Decode(&unit); err != nil {
			return nil, fmt.Errorf("go vet printed something that is not its JSON: %w", err)
		}
		for _, pkg := range slices.Sorted(maps.Keys(unit)) {
			checks := unit[pkg]
			for check, raw := range checks {
				all = append(all, findings(pkg, check, raw)...)
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].before(&all[j]) })
	all = slices.CompactFunc(all, func(a, b Finding) bool {
		return a.Check == b.Check && a.File == b.File && a.Line == b.Line && a.Column == b.Column
	})
	fingerprint(all)
	return all, nil
}

func withoutComments(data []byte) []byte {
	var out []byte
	for line := range bytes.Lines(data) {
		if !bytes.HasPrefix(line, []byte("#")) {
			out = append(out, line...)
		}
	}
	return out
}

func findings(pkg, check string, raw json.RawMessage) []Finding {
	var list []vetDiagnostic
	if json.Unmarshal(raw, &list) != nil {
		return nil // {"error": ...}: go vet says it on stderr and by its exit code
	}
	var all []Finding
	for _, d := range list {
		f := Finding{Check: check, Package: pkg, Message: d.Message, URL: pageURL(check)}
		f.path, f.Line, f.Column = position(d.Posn)
		f.File = relative(f.path)
		_, f.EndLine, f.EndColumn = position(d.End)
		for _, r := range d.Related {
			file, line, _ := position(r.Posn)
			f.Related = append(f.Related, Related{relative(file), line, r.Message, file})
		}
		all = append(all, f)
	}
	return all
}

func (f *Finding) before(g *Finding) bool {
	switch {
	case f.File != g.File:
		return f.File < g.File
	case f.Line != g.Line:
		return f.Line < g.Line
	case f.Column != g.Column:
		return f.Column < g.Column
	}
	return f.Check < g.Check
}

// position splits file:line:column from the right, since a file name may have
// colons.
func position(s string) (file string, line, col int) {
	rest, last, ok := cutLast(s)
	if !ok {
		return s, 0, 0
	}
	col, _ = strconv.Atoi(last)
	if file, last, ok = cutLast(rest); !ok {
		return rest, col, 0
	}
	line, _ = strconv.Atoi(last)
	return file, line, col
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// relative is a name from the working folder, where it is inside.
func relative(name string) string {
	wd, err := os.Getwd()
	if err != nil {
		return name
	}
	rel, err := filepath.Rel(wd, name)
	if err != nil || !filepath.IsLocal(rel) {
		return name
	}
	return rel
}

// applyFixes lets go vet apply the fixes, or print them with -diff.
func (o *options) applyFixes(self string, stdout, stderr io.Writer) int {
	args := []string{"vet", "-vettool=" + self, "-fix"}
	if o.diff {
		args = append(args, "-diff")
	}
	var out bytes.Buffer
	cmd := exec.Command("go", append(append(args, o.pass...), o.patterns...)...)
	cmd.Stdout, cmd.Stderr = io.MultiWriter(stdout, &out), stderr
	switch err := cmd.Run(); {
	case err == nil:
		return exitClean
	case o.diff && out.Len() > 0: // go vet's way to say that there is a diff
		return exitFindings
	default:
		return exitFailed
	}
}
