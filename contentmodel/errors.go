package contentmodel

import (
	"errors"
	"fmt"
)

// InputError says where bad input was met and what to do about it. Package
// source and every format reader return it, so that a caller can tell bad
// input from its own failures with errors.As.
type InputError struct {
	Name   string // file or URL, without its password
	Line   int64  // counted from 1; 0 where lines mean nothing
	Err    error  // what is wrong
	Remedy string // what the reader of the message can do; may be empty
}

// Error is one line: where, what, and the remedy.
func (e *InputError) Error() string {
	s := e.Name
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d", s, e.Line)
	}
	s += ": " + e.Err.Error()
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// Unwrap is the cause, such as io.ErrUnexpectedEOF or context.Canceled.
func (e *InputError) Unwrap() error { return e.Err }

// AtLine adds a line to an error of the reader below. An InputError of the
// stream keeps its words and gains the line; any other error is wrapped.
func AtLine(name string, line int64, err error) error {
	if in, ok := errors.AsType[*InputError](err); ok {
		with := *in
		with.Line = line
		return &with
	}
	return &InputError{Name: name, Line: line, Err: err}
}
