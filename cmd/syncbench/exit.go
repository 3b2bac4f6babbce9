package main

import (
	"errors"
	"strings"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
)

// The exit codes, which scripts rely on.
const (
	exitHeld        = 0
	exitFailed      = 1   // the run failed
	exitUsage       = 2   // wrong usage, or a crash
	exitBroken      = 3   // the limit was broken
	exitRegressed   = 4   // it held, and is slower or larger than --baseline
	exitUnproved    = 5   // it held, and the control held it, too
	exitInterrupted = 130 // by Ctrl-C, SIGTERM, SIGHUP or SIGQUIT
)

// stopPatience is how long a child that was told to stop may take.
const stopPatience = 10 * time.Second

// codedError is an error that knows its exit code. An empty text was said already.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// failed is the error of a run that could not be done, as against one that was asked for wrongly.
func failed(err error) error { return &codedError{exitFailed, err} }

// errSaid ends the program with a code, everything having been said.
var errSaid = errors.New("")

// codeOf is the exit code of an error. One without a code is of the command line: cobra makes those.
func codeOf(err error) int {
	if coded, ok := errors.AsType[*codedError](err); ok {
		return coded.code
	}
	return exitUsage
}

// oneLine is an error as a person should see it. What is wrong with the input says so itself, so that the
// stage it was met in adds nothing; a panic brings its stack along, which is for the JSON alone; and errors
// that were joined stand in one line. Of several syncs the source is named.
func oneLine(err error) string {
	if of, ok := errors.AsType[*sourceError](err); ok {
		return of.named(oneLine(of.err))
	}
	if in, ok := errors.AsType[*contentmodel.InputError](err); ok {
		return in.Error()
	}
	text, _, _ := strings.Cut(err.Error(), "\ngoroutine ")
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
}

// firstLine is a text's first line.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
