package main

import (
	"fmt"
	"strings"
)

// besideSync is a sync of --beside in figures.
type besideSync struct {
	Source  string  `json:"source"`
	Units   int64   `json:"units"`
	Known   int64   `json:"known"`
	Saved   int64   `json:"saved"`
	Seconds float64 `json:"seconds"`
}

// String is the sync in one line; of one that did not begin there is no more to tell than its source.
func (b besideSync) String() string {
	if b.Seconds == 0 {
		return b.Source
	}
	return fmt.Sprintf("%s: %d units (%d known, %d saved) in %.2f s", b.Source, b.Units, b.Known, b.Saved, b.Seconds)
}

// sources are all that was synced.
func (r *result) sources() string {
	all := []string{r.Source}
	for _, b := range r.Beside {
		all = append(all, b.Source)
	}
	return strings.Join(all, " beside ")
}

// sourceError is an error of one of several syncs. It names the source, unless the error does so itself: one of a file
// begins with it, one of the budget has it as the account.
type sourceError struct {
	source string
	err    error
}

func (e *sourceError) Error() string { return e.named(e.err.Error()) }
func (e *sourceError) Unwrap() error { return e.err }

func (e *sourceError) named(text string) string {
	if strings.HasPrefix(text, e.source+":") || strings.Contains(text, "memacct: "+e.source+"/") {
		return text
	}
	return e.source + ": " + text
}

// checkBeside reads --beside. Each is a sync of its own with the flags of the first, and a store of its own: into one store
// they would wait for each other, and what one saved the other would find known.
func (o *options) checkBeside() error {
	for i, source := range o.beside {
		store, err := anotherStore(o.store, i+2)
		if err != nil {
			return err
		}
		b := &options{
			source: source, store: store, mode: o.mode, depth: o.depth, batch: o.batch,
			stall: o.stall, window: o.window, windowN: o.windowN, skipBad: o.skipBad,
			policy: o.policy, artifacts: o.artifacts, downloads: o.downloads,
		}
		if err := b.checkSource(); err != nil {
			return fmt.Errorf("--beside%s", strings.TrimPrefix(err.Error(), "--source"))
		}
		if err := b.checkPolicy(); err != nil {
			return fmt.Errorf("--beside: %w", err)
		}
		o.besides = append(o.besides, b)
	}
	return nil
}
