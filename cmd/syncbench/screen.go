package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/syncmem/syncmem/memacct"
)

// screen is stderr, on which a bar may be drawn: what is logged meanwhile clears it first, so that both stay
// readable. The bar comes back with its next step.
type screen struct {
	mu  sync.Mutex
	bar bool // one is drawn, and the cursor at it, with the details below
}

// stderr is the only screen there is.
var stderr screen

// clearBelow clears from the line of the cursor to the end of the screen.
const clearBelow = "\r\x1b[J"

// drawn calls draw, which tells whether it left a bar behind; where it did not, the last one is cleared.
func (s *screen) drawn(draw func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := s.bar
	if s.bar = draw(); had && !s.bar {
		os.Stderr.WriteString(clearBelow)
	}
}

// Write writes lines of a log.
func (s *screen) Write(p []byte) (int, error) {
	s.drawn(func() bool { return false })
	return os.Stderr.Write(p)
}

// logger logs warnings to the screen, without the time: a run is too short for it to say much. What is less
// than a warning, such as the choice of the limit, the result says.
func (s *screen) logger() *slog.Logger {
	noTime := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return slog.New(lineHandler{slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: noTime}), s})
}

// lineHandler logs records in a line each, with the report that some have in lines of its own below. A refusal
// is left out: the run ends with it, and says so.
type lineHandler struct {
	slog.Handler
	out io.Writer
}

// Handle logs one record.
func (h lineHandler) Handle(ctx context.Context, r slog.Record) error {
	line, report, refusal := slog.NewRecord(r.Time, r.Level, r.Message, r.PC), "", false
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "detail" {
			report = a.Value.String()
		} else {
			line.AddAttrs(a)
		}
		refusal = refusal || a.Key == "event" && a.Value.String() == string(memacct.EventRefused)
		return true
	})
	if refusal {
		return nil
	}
	err := h.Handler.Handle(ctx, line)
	if report != "" {
		_, failed := io.WriteString(h.out, report+"\n")
		err = errors.Join(err, failed)
	}
	return err
}
