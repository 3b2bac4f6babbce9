package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/contentmodel"
	contentsource "github.com/syncmem/syncmem/contentmodel/source"
	"github.com/syncmem/syncmem/internal/bytesize"
)

// source is what is synced: its units, how far it was read, and what the run should do about it.
type source struct {
	units func(context.Context) iter.Seq2[contentmodel.Unit, error]
	parts int // how many units are to be built at once; 0 where they are read one after the other
	part  func(ctx context.Context, part int, building func(bytes int64) error) iter.Seq2[contentmodel.Unit, error]
	sink  time.Duration
	pin   bool
	root  string       // path or URL that the paths of artifacts begin at, maybe with a password; empty if there is none
	read  atomic.Int64 // units so far
	total int64        // units; 0 if it is not known

	progress func() (read, total int64) // in bytes; nil for a synthetic source
	close    func() error               // nil if there is nothing to close
}

// done is which part of the source was read, from 0 to 1; negative if that can't be told.
func (s *source) done() float64 {
	if s.progress == nil {
		return float64(s.read.Load()) / float64(s.total)
	}
	read, total := s.progress()
	if total <= 0 {
		return -1
	}
	return float64(read) / float64(total)
}

func (s *source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// openSource opens what --source names.
func openSource(ctx context.Context, o *options) (*source, error) {
	f, address := formatOf(o.source)
	return f.open(ctx, o, address)
}

// registerReading makes the flags that say how a source is read.
func (o *options) registerReading(c *cobra.Command) {
	f := c.Flags()
	f.DurationVar(&o.stall, "stall-timeout", time.Minute, "how long a URL may send nothing")
	f.StringVar(&o.window, "max-window", "8MiB", "the `amount` of memory that decompressing one file may take: xz -9 needs 64MiB, zstd --long=27 needs 128MiB")
	f.IntVar(&o.skipBad, "skip-bad", 0, "how many `units` of a source may be left out because they can't be used; each is named")
}

// checkReading reads those flags.
func (o *options) checkReading() (err error) {
	switch o.windowN, err = bytesize.Parse(o.window); {
	case err != nil:
		return fmt.Errorf("--max-window: %w", err)
	case o.stall <= 0:
		return fmt.Errorf("--stall-timeout %v: want a time above 0, such as 30s", o.stall)
	case o.skipBad < 0:
		return fmt.Errorf("--skip-bad %d: want 0 units or more", o.skipBad)
	}
	return nil
}

// streamOptions bound what the source may wait for and hold.
func (o *options) streamOptions() contentsource.Options {
	return contentsource.Options{StallTimeout: o.stall, MaxWindow: o.windowN, Note: o.note}
}

// building is what the readers of all formats tell of the unit that they are at. A command that has no budget for it
// takes no notice.
func (o *options) building(bytes int64) error {
	if o.weighs == nil {
		return nil
	}
	return o.weighs(bytes)
}

// keeps is what a reader tells of the bytes that it has beside its units.
func (o *options) keeps(bytes int64) {
	if o.kept != nil {
		o.kept(bytes)
	}
}

// maxNotes is how many notes are shown: what is odd in one unit often is in all.
const maxNotes = 20

// note says what is odd about a source and stops nothing, from any goroutine. Units that are left out are always named.
func (o *options) note(s string) {
	switch n := o.notes.Add(1); {
	case n <= maxNotes || strings.HasPrefix(s, "left out"):
		stderr.logger().Warn(s)
	case n == maxNotes+1:
		stderr.logger().Warn("there is more of this kind, which is not shown")
	}
}

// sourceName is the source as it can be given again, with every key that has a default and without what is secret.
func (o *options) sourceName() string {
	f, address := formatOf(o.source)
	if o.synth != nil {
		return f.prefix + o.synth.String()
	}
	return f.prefix + contentsource.Redact(address)
}

// asUnits turns a format's units into units of any format.
func asUnits[U contentmodel.Unit](seq iter.Seq2[U, error]) iter.Seq2[contentmodel.Unit, error] {
	return func(yield func(contentmodel.Unit, error) bool) {
		for u, err := range seq {
			if !yield(u, err) {
				return
			}
		}
	}
}
