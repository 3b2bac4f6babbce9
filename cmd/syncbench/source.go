package main

import (
	"context"
	"iter"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	contentsource "github.com/syncmem/syncmem/contentmodel/source"
)

// source is what is synced: its units, how far it was read, and what the run should do about it.
type source struct {
	units func(context.Context) iter.Seq2[contentmodel.Unit, error]
	sink  time.Duration
	pin   bool
	read  atomic.Int64 // units so far
	total int64        // units; 0 if it is not known

	stream *contentsource.Stream // nil for a synthetic source
}

// done is which part of the source was read, from 0 to 1; negative if that can't be told.
func (s *source) done() float64 {
	if s.stream == nil {
		return float64(s.read.Load()) / float64(s.total)
	}
	read, total := s.stream.Progress()
	if total <= 0 {
		return -1
	}
	return float64(read) / float64(total)
}

func (s *source) Close() error {
	if s.stream == nil {
		return nil
	}
	return s.stream.Close()
}

// openSource opens what --source names.
func openSource(ctx context.Context, o *options) (*source, error) {
	if spec := o.synth; spec != nil {
		return &source{units: spec.Units, sink: spec.Sink, pin: spec.Pin, total: int64(spec.Count)}, nil
	}
	path, isDeb := strings.CutPrefix(o.source, "deb:")
	stream, err := contentsource.Open(ctx, path, contentsource.Options{StallTimeout: o.stall})
	if err != nil {
		return nil, err
	}
	s := &source{stream: stream}
	s.units = func(context.Context) iter.Seq2[contentmodel.Unit, error] {
		if isDeb {
			return asUnits(deb.ReadPackages(stream.Name(), stream))
		}
		return asUnits(file.Read(stream.Name(), stream))
	}
	return s, nil
}

// sourceName is the source as it can be given again, with every key that has a default and without a password.
func (o *options) sourceName() string {
	if o.synth != nil {
		return "synth:" + o.synth.String()
	}
	address, isDeb := strings.CutPrefix(o.source, "deb:")
	u, err := url.Parse(address)
	switch {
	case err != nil || u.User == nil:
		return o.source
	case isDeb:
		return "deb:" + u.Redacted()
	}
	return u.Redacted()
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
