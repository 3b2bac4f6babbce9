package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	contentsource "github.com/syncmem/syncmem/contentmodel/source"
	contentstore "github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
	"github.com/syncmem/syncmem/internal/synth"
)

// source is what is synced: its units, how far it was read, and what the run should do about it.
type source struct {
	name  string // as it can be given again
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
func openSource(ctx context.Context, name string, stall time.Duration) (*source, error) {
	if text, ok := strings.CutPrefix(name, "synth:"); ok {
		spec, err := synth.Parse(text)
		if err != nil {
			return nil, &codedError{exitUsage, fmt.Errorf("--source: %w", err)}
		}
		return &source{name: "synth:" + spec.String(), units: spec.Units, sink: spec.Sink, pin: spec.Pin, total: int64(spec.Count)}, nil
	}
	path, isDeb := strings.CutPrefix(name, "deb:")
	stream, err := contentsource.Open(ctx, path, contentsource.Options{StallTimeout: stall})
	if err != nil {
		return nil, err
	}
	s := &source{name: name, stream: stream}
	s.units = func(context.Context) iter.Seq2[contentmodel.Unit, error] {
		if isDeb {
			return asUnits(deb.ReadPackages(stream.Name(), stream))
		}
		return asUnits(file.Read(stream.Name(), stream))
	}
	return s, nil
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

// sourceError gives an error of opening the source its exit code.
func sourceError(ctx context.Context, err error) error {
	var coded *codedError
	switch {
	case ctx.Err() != nil:
		return &codedError{exitInterrupted, errors.New("interrupted before anything was read")}
	case errors.As(err, &coded):
		return err
	}
	return &codedError{exitFailed, err}
}

type store = contentstore.Store

// openStore opens what --store names, and returns how to leave it.
func openStore(ctx context.Context, name string) (store, func(), error) {
	if name == "discard" {
		return contentstore.Discard(), func() {}, nil
	}
	path, ok := strings.CutPrefix(name, "sqlite:")
	if name != "" && (!ok || path == "") {
		return nil, nil, fmt.Errorf("--store: %q is neither sqlite:FILE nor discard", name)
	}
	remove := func() {}
	if name == "" {
		dir, err := os.MkdirTemp("", "syncbench-")
		if err != nil {
			return nil, nil, fmt.Errorf("no room for a store: %w; name one with --store sqlite:FILE", err)
		}
		path = filepath.Join(dir, "content.sqlite")
		remove = func() { os.RemoveAll(dir) }
	}
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		remove()
		return nil, nil, err
	}
	return st, func() { st.Close(); remove() }, nil
}
