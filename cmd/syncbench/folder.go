package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/syncmem/syncmem/pipeline"
)

const schemaFolder = "syncbench-folder/v1"

// The files of a run folder. Each is whole at any moment, or not there: a run that is killed leaves what it had.
const (
	folderFile   = "folder.json"   // written first: what is done here
	resultFile   = "result.json"   // as --json has it; of compare and sweep, after each run what there is
	recordFile   = "record.memrec" // the flight record, up to the last sample before a kill
	runsFolder   = "runs"          // of compare and sweep: a run folder for each run
	folderRecord = 1 << 20         // bytes of a record: about four minutes
	folderEvery  = 100 * time.Millisecond
)

// folder is what folder.json says.
type folder struct {
	Schema  string    `json:"schema"`
	Command string    `json:"command"` // run, compare or sweep
	Line    string    `json:"line"`    // the command line that does it again, without what is secret
	Began   time.Time `json:"began"`
}

// makeFolder makes a run folder. One that has anything in it is left alone: two runs never share one.
func makeFolder(dir, command, line string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if len(entries) > 0 {
		return errTaken(dir)
	}
	text, err := json.MarshalIndent(folder{schemaFolder, command, line, time.Now().Round(time.Second)}, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, folderFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) // of two that begin at once, one makes it
	if errors.Is(err, fs.ErrExist) {
		return errTaken(dir)
	}
	if err == nil {
		_, err = f.Write(append(text, '\n'))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		_ = os.Remove(path) // half of it would be a folder that nobody can read
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

func errTaken(dir string) error {
	what := "is not empty"
	if f, err := readFolder(dir); err == nil {
		what = "has a " + f.Command + " of " + f.Began.Format(time.DateTime)
	}
	return fmt.Errorf("--out: %s %s: name a folder that is not there yet", dir, what)
}

// readFolder reads what a folder is. The error says which file is wrong, and how.
func readFolder(dir string) (f folder, err error) {
	path := filepath.Join(dir, folderFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, fmt.Errorf("%s: no run folder: it has no %s; name what --out named", dir, folderFile)
	case err != nil:
		return f, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	if f.Schema != schemaFolder {
		return f, fmt.Errorf("%s: its schema is %q and this program reads %q", path, f.Schema, schemaFolder)
	}
	return f, nil
}

// keepResult writes what there is of a result into a run folder, in one step.
func keepResult(dir string, v any) error {
	path := filepath.Join(dir, resultFile)
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	err = errors.Join(encode(f, v), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// commandLine is a command line that a shell reads as these words.
func commandLine(words ...string) string {
	for i, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// line is the command line of a run, with every flag that is not as by default.
func (o *options) line() string {
	words := flagWords{"syncbench", "run", "--source=" + o.sourceName(), "--limit=" + o.limit}
	add := words.add
	add(o.mode != modeBytes, "mode", o.mode)
	add(o.depth > 0, "depth", o.depth)
	words = append(words, o.workLine()...)
	for _, b := range o.besides {
		add(true, "beside", b.sourceName())
	}
	add(o.resize != "", "resize", o.resize)
	add(o.overrun != "", "overrun", o.overrun)
	add(o.store != "", "store", o.storeName())
	if o.cgroup {
		words = append(words, "--cgroup")
	}
	return commandLine(words...)
}

// flagWords are words of a command line.
type flagWords []string

// add appends a flag, when it is to be there.
func (w *flagWords) add(when bool, flag string, value any) {
	if when {
		*w = append(*w, fmt.Sprint("--", flag, "=", value))
	}
}

// workLine are the flags that say how a source is read and batched, as far as they are not as by default.
func (o *options) workLine() (words flagWords) {
	add := words.add
	add(o.batch != pipeline.DefaultBatchSize, "batch", o.batch)
	add(o.stall != time.Minute, "stall-timeout", o.stall)
	add(o.windowN != 8<<20, "max-window", o.window)
	add(o.skipBad > 0, "skip-bad", o.skipBad)
	return words
}

// checkOut refuses flags that contradict each other.
func (o *options) checkOut() error {
	if o.out != "" && o.record != "" {
		return fmt.Errorf("--record means nothing with --out, whose folder has a record: %s", filepath.Join(o.out, recordFile))
	}
	return nil
}

// inFolder does a run, with a run folder around it if one was asked for.
func (o *options) inFolder(run func() error) error {
	if o.inside {
		o.record = filepath.Join(o.out, recordFile)
		return run()
	}
	out := o.out
	if out == "" && o.report != "" { // a page is made of a folder
		dir, remove, err := temporaryFolder()
		if err != nil {
			return failed(err)
		}
		defer remove()
		out = filepath.Join(dir, "run")
	}
	if o.out = out; out != "" {
		o.record = filepath.Join(out, recordFile)
	}
	return inFolder(out, o.report, "run", o.line(), run)
}

// inFolder makes a run folder, if there is to be one, does what belongs into it, and makes a page of it where that was
// asked for.
func inFolder(dir, report, command, line string, do func() error) error {
	if dir == "" {
		return do()
	}
	if err := makeFolder(dir, command, line); err != nil {
		return failed(err)
	}
	err := do()
	if report == "" {
		return err
	}
	if e := writeReport(report, []string{dir}); e != nil && (err == nil || codeOf(err) == exitHeld) {
		return failed(fmt.Errorf("--report: %w", e))
	}
	return err
}
