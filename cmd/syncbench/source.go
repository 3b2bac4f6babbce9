package main

import (
	"context"
	"iter"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
	contentsource "github.com/syncmem/syncmem/contentmodel/source"
)

// source is what is synced: its units, how far it was read, and what the run should do about it.
type source struct {
	units func(context.Context) iter.Seq2[contentmodel.Unit, error]
	sink  time.Duration
	pin   bool
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

// streamOptions bound what the source may wait for and hold.
func (o *options) streamOptions() contentsource.Options {
	return contentsource.Options{StallTimeout: o.stall}
}

// note says what is odd about a source and stops nothing.
func (o *options) note(s string) { stderr.logger().Warn(s) }

// sourceName is the source as it can be given again, with every key that has a default and without a password.
func (o *options) sourceName() string {
	f, address := formatOf(o.source)
	if o.synth != nil {
		return f.prefix + o.synth.String()
	}
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return o.source
	}
	return f.prefix + u.Redacted()
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
