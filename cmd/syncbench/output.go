package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// output is where a result goes: to stdout as text, or as JSON to stdout, or as both with the JSON in a file.
type output struct {
	json   *os.File // nil: text alone
	folder string   // that --out names; "" for none
}

// openOutput opens what --json names; folder is made already. Like a shell's ">" it empties the file at once, so that the result of
// an earlier run is never taken for the one of a run that was killed.
func openOutput(name, folder string) (*output, error) {
	switch name {
	case "":
		return &output{folder: folder}, nil
	case "-":
		return &output{os.Stdout, folder}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("--json: %w; name a file in a folder that is there and may be written", err)
	}
	return &output{f, folder}, nil
}

// deliver writes the result where it was asked for, and returns what is left to be said, with the exit code.
func (o *output) deliver(r *result) error {
	if err := o.write(r); err != nil {
		return failed(fmt.Errorf("the result could not be written: %w", err))
	}
	switch code, text := r.exitCode(), r.message(); {
	case code == exitHeld:
		return r.Baseline.err()
	case text == "":
		return &codedError{code, errSaid}
	default:
		return &codedError{code, errors.New(text)}
	}
}

// write writes the text only of a run that began: of any other there is no more to tell than its error.
func (o *output) write(r *result) error {
	if err := o.keep(r); err != nil {
		return err
	}
	if o.json != os.Stdout && r.ran {
		if err := r.print(os.Stdout); err != nil {
			return err
		}
	}
	switch o.json {
	case nil:
		return nil
	case os.Stdout:
		return encode(os.Stdout, r)
	}
	return errors.Join(encode(o.json, r), o.json.Close())
}

// emit writes what several runs have shown where it was asked for.
func (o *output) emit(v any, text func(io.Writer) error) error {
	err := o.keep(v)
	if o.json != os.Stdout {
		err = errors.Join(err, text(os.Stdout))
	}
	switch o.json {
	case nil:
	case os.Stdout:
		err = encode(os.Stdout, v)
	default:
		err = errors.Join(err, encode(o.json, v), o.json.Close())
	}
	if err != nil {
		return failed(fmt.Errorf("the result could not be written: %w", err))
	}
	return nil
}

// keep writes what there is into the run folder, if there is one.
func (o *output) keep(v any) error {
	if o.folder == "" {
		return nil
	}
	return keepResult(o.folder, v)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
