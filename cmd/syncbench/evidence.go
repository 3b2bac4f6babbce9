package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/record"
)

// finding is what a command found out by its runs: a result, a comparison or a ladder.
type finding interface {
	restore(path string) error    // finds what is not in the JSON, and checks what the rest relies on
	about() about                 // what was done
	measured() []measured         // the runs, by what they are of. One that failed has measured nothing
	kinds() map[string]*kindSizes // what the units weighed
	show(p *part)                 // says it on a page
}

// about is what findings of all commands have.
type about struct {
	source  string
	env     map[string]string // what the figures depend on
	against *against          // nil if it was compared with nothing
}

// findings are what there is to read, by schema.
var findings = map[string]func() finding{
	schema:        func() finding { return new(result) },
	schemaCompare: func() finding { return new(comparison) },
	schemaSweep:   func() finding { return new(ladder) },
}

// evidence is what a run folder, or a file of one, has to tell. What is not there is nil.
type evidence struct {
	name    string // of the folder, or the file
	folder  *folder
	finding finding
	record  *record.Record
	runs    []*evidence // of compare and sweep, in the order in which they were done
}

// readEvidence reads a run folder, or one file of JSON or record. Like a record it comes with an error beside what
// there is, where only some can be read; and as nil where nothing can.
func readEvidence(path string) (*evidence, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	e := &evidence{name: filepath.Base(filepath.Clean(path))}
	if !info.IsDir() {
		if err := e.readFile(path); err != nil {
			return nil, err
		}
		return e, nil
	}
	f, err := readFolder(path)
	if err != nil {
		return nil, err
	}
	e.folder = &f
	return e, e.readParts(path)
}

// readFile reads a result, by its schema, or a record.
func (e *evidence) readFile(path string) error {
	if e.readResult(path) == nil {
		return nil
	}
	r, err := record.Read(path)
	if errors.Is(err, record.ErrNotRecord) || errors.Is(err, record.ErrDamaged) && r == nil {
		return e.readResult(path) // what a JSON file lacks is the likelier thing to know
	}
	e.record = r
	if r != nil {
		return nil
	}
	return err
}

// readParts reads all that is in a run folder.
func (e *evidence) readParts(dir string) error {
	var faults []error
	if err := e.readResult(filepath.Join(dir, resultFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		faults = append(faults, err)
	}
	r, err := record.Read(filepath.Join(dir, recordFile))
	if e.record = r; err != nil && !errors.Is(err, fs.ErrNotExist) {
		faults = append(faults, err)
	}
	runs, err := os.ReadDir(filepath.Join(dir, runsFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		faults = append(faults, err)
	}
	for _, d := range runs { // sorted by name, and so by number
		one, err := readEvidence(filepath.Join(dir, runsFolder, d.Name()))
		if one != nil {
			e.runs = append(e.runs, one)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// readResult reads the JSON of run, compare or sweep.
func (e *evidence) readResult(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var is struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(text, &is); err != nil {
		return fmt.Errorf("%s: no result of syncbench: %w", path, err)
	}
	made := findings[is.Schema]
	if made == nil {
		return fmt.Errorf("%s: no result of syncbench run, compare or sweep: its schema is %q", path, is.Schema)
	}
	found := made()
	if err := json.Unmarshal(text, found); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := found.restore(path); err != nil {
		return err
	}
	e.finding = found
	return nil
}

func (*result) restore(string) error { return nil }

func (c *comparison) restore(path string) error {
	if slices.Contains(c.Modes, nil) || len(c.Modes) == 0 {
		return fmt.Errorf("%s: a comparison without modes", path)
	}
	for i := range c.Runs {
		r := &c.Runs[i]
		for _, m := range c.Modes {
			if m.Mode == r.Mode && m.Depth == r.Depth && r.Verdict != verdictFailed {
				m.all = append(m.all, figuresOf(&r.result))
			}
		}
	}
	return nil
}

func (l *ladder) restore(path string) error {
	if l.Unlimited == nil || slices.Contains(l.Rungs, nil) {
		return fmt.Errorf("%s: a sweep without its unlimited run", path)
	}
	return nil
}

// longest is the run whose units and memory are shown, where there are several: one that is bounded by bytes and has the
// most to tell.
func (e *evidence) longest() *evidence {
	if len(e.runs) == 0 {
		return e
	}
	return slices.MaxFunc(e.runs, func(a, b *evidence) int { return a.tells() - b.tells() })
}

// tells is how much a run has to tell of its units and its memory.
func (e *evidence) tells() int {
	n := 0
	if r := e.result(); r != nil && r.Mode == modeBytes {
		n += 1 << 20
		if r.Verdict == verdictHeld {
			n += 1 << 21
		}
	}
	if e.record != nil {
		n += len(e.record.Samples)
	}
	return n
}

// result is what a run found out, nil of any other command.
func (e *evidence) result() *result {
	r, _ := e.finding.(*result)
	return r
}

func (r *result) about() about     { return about{r.sources(), r.Env, r.Baseline} }
func (c *comparison) about() about { return about{c.Source, c.Env, c.Baseline} }
func (l *ladder) about() about     { return about{l.Source, l.Env, l.Baseline} }

func (r *result) measured() []measured {
	if r.Verdict == verdictFailed {
		return nil
	}
	return []measured{{"run", []figures{figuresOf(r)}}}
}

func (c *comparison) measured() (all []measured) {
	for _, m := range c.Modes {
		all = append(all, measured{m.String(), m.all})
	}
	return all
}

func (l *ladder) measured() (all []measured) {
	for _, s := range l.Rungs {
		if s.Verdict == verdictHeld {
			all = append(all, measured{bytesize.Format(s.Limit), s.Runs})
		}
	}
	return all
}

func (r *result) kinds() map[string]*kindSizes { return r.Kinds }

func (c *comparison) kinds() map[string]*kindSizes {
	for _, r := range c.Runs {
		if r.Kinds != nil && r.Verdict != verdictFailed {
			return r.Kinds
		}
	}
	return nil
}

func (l *ladder) kinds() map[string]*kindSizes {
	for _, s := range l.Rungs {
		if s.Verdict == verdictHeld {
			return s.Kinds
		}
	}
	return nil
}
