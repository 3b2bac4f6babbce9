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

// evidence is what a run folder, or a file of one, has to tell. What is not there is nil.
type evidence struct {
	name   string // of the folder, or the file
	folder *folder
	result *result
	modes  *comparison
	ladder *ladder
	record *record.Record
	runs   []*evidence // of compare and sweep, in the order in which they were done
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
	switch is.Schema {
	case schema:
		e.result = new(result)
		return into(path, text, e.result)
	case schemaCompare:
		e.modes = new(comparison)
		if err := into(path, text, e.modes); err != nil {
			return err
		}
		return e.modes.restore(path)
	case schemaSweep:
		e.ladder = new(ladder)
		if err := into(path, text, e.ladder); err != nil {
			return err
		}
		return e.ladder.restore(path)
	}
	return fmt.Errorf("%s: no result of syncbench run, compare or sweep: its schema is %q", path, is.Schema)
}

func into(path string, text []byte, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// restore finds what is not in the JSON.
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

// restore checks what the rest relies on.
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
	if r := e.result; r != nil && r.Mode == modeBytes {
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

// source is what was synced.
func (e *evidence) source() string {
	switch {
	case e.result != nil:
		return e.result.Source
	case e.modes != nil:
		return e.modes.Source
	case e.ladder != nil:
		return e.ladder.Source
	}
	return ""
}

// env is what the figures depend on.
func (e *evidence) env() map[string]string {
	switch {
	case e.result != nil:
		return e.result.Env
	case e.modes != nil:
		return e.modes.Env
	case e.ladder != nil:
		return e.ladder.Env
	}
	return nil
}

// measured are the runs, by what they are of. One that failed has measured nothing.
func (e *evidence) measured() (all []measured) {
	switch {
	case e.result != nil && e.result.Verdict != verdictFailed:
		all = append(all, measured{"run", []figures{figuresOf(e.result)}})
	case e.modes != nil:
		for _, m := range e.modes.Modes {
			all = append(all, measured{m.String(), m.all})
		}
	case e.ladder != nil:
		for _, s := range e.ladder.Rungs {
			if s.Verdict == verdictHeld {
				all = append(all, measured{bytesize.Format(s.Limit), s.Runs})
			}
		}
	}
	return all
}

// kinds are what the units weighed.
func (e *evidence) kinds() map[string]*kindSizes {
	switch {
	case e.result != nil:
		return e.result.Kinds
	case e.modes != nil:
		for _, r := range e.modes.Runs {
			if r.Kinds != nil && r.Verdict != verdictFailed {
				return r.Kinds
			}
		}
	case e.ladder != nil:
		for _, s := range e.ladder.Rungs {
			if s.Verdict == verdictHeld {
				return s.Kinds
			}
		}
	}
	return nil
}

// against is what the result was compared with; nil if with nothing.
func (e *evidence) against() *against {
	switch {
	case e.result != nil:
		return e.result.Baseline
	case e.modes != nil:
		return e.modes.Baseline
	case e.ladder != nil:
		return e.ladder.Baseline
	}
	return nil
}
