package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct"
)

// checkLimit reads --limit as far as that goes without looking at the machine.
func (o *options) checkLimit() (err error) {
	if o.limitFound() {
		_, err = memacct.ParseLimit(o.limit)
	} else if n, zero := strconv.ParseFloat(o.limit, 64); zero == nil && n == 0 {
		err = errNoMemory // without a unit, but none would make it more
	} else if o.limitN, err = bytesize.Parse(o.limit); err == nil && o.limitN == 0 {
		err = errNoMemory
	}
	if err != nil {
		return fmt.Errorf("--limit: %w", err)
	}
	return nil
}

var errNoMemory = errors.New("0 leaves no memory at all: to run without a limit use --mode none")

// limitFound reports whether the limit has to be found out.
func (o *options) limitFound() bool { return o.limit == "auto" || strings.HasSuffix(o.limit, "%") }

// findLimit finds the process limit out, as a program that imports memacct would get it. Only then the Go
// memory limit may be set: it is where memacct looks first.
func (o *options) findLimit() error {
	if !o.limitFound() {
		return nil
	}
	limit, err := memacct.ParseLimit(o.limit)
	limit = limit.Named("--limit=" + o.limit)
	if err != nil {
		return err
	}
	b, err := memacct.New(memacct.Config{Limit: limit, Mode: memacct.Shadow, Logger: stderr.logger()})
	if err != nil {
		return err
	}
	s := b.Stats()
	o.limitN, o.limitFrom = s.Process, s.Source
	return nil
}

// account opens the budget in mode bytes; the other modes account nothing. A Go memory limit goes with it, so
// that the collector does its part.
func (o *options) account() (*memacct.Account, error) {
	if o.mode != modeBytes {
		return nil, nil
	}
	policy := memacct.Fail()
	if o.overrunN > 0 {
		policy = memacct.Overrun(o.overrunN)
	}
	b, err := memacct.New(memacct.Config{Limit: memacct.Process(o.limitN).Named("--limit=" + o.limit), Policy: policy, GoLimit: memacct.GoLimitSet, Logger: stderr.logger()})
	if err != nil {
		return nil, refusal{err}
	}
	b.Watch(stderr.report)
	o.budget = b
	return b.Account("sync"), nil
}

// refusal is of a limit that no budget can be opened for.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// forMemory reports whether a run failed because of its limit: under another one it may not.
func forMemory(err error) bool {
	_, refused := errors.AsType[refusal](err)
	return refused || errors.Is(err, memacct.ErrOverBudget)
}

// watched is the budget that --record and --live show: the run's own, or, in a mode without one, one that bounds
// nothing, for then the memory of the process is what matters.
func (o *options) watched() (*memacct.Budget, error) {
	if o.budget != nil || o.record == "" && o.live == "" {
		return o.budget, nil
	}
	return memacct.New(memacct.Config{Limit: memacct.Process(o.limitN), Mode: memacct.Shadow, Logger: stderr.logger()})
}
