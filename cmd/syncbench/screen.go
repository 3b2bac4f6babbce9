package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
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
	return slog.New(lineHandler{slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: noTime})})
}

// lineHandler logs records in a line each, without what a report below says, see [screen.report]. A refusal is left
// out: the run ends with it, and says so.
type lineHandler struct{ slog.Handler }

// Handle logs one record.
func (h lineHandler) Handle(ctx context.Context, r slog.Record) error {
	line, kind := slog.NewRecord(r.Time, r.Level, r.Message, r.PC), memacct.EventKind("")
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "event":
			kind = memacct.EventKind(a.Value.String())
		case "account", "queue", "bytes", "more":
		default:
			if kind == memacct.EventStall || kind == memacct.EventLeak {
				return true
			}
		}
		line.AddAttrs(a)
		return true
	})
	if kind == memacct.EventRefused {
		return nil
	}
	return h.Handler.Handle(ctx, line)
}

// report prints what there is to an event beside the line that was logged of it.
func (s *screen) report(e memacct.Event) {
	if _, below, more := strings.Cut(e.Text, "\n"); more && e.Kind != memacct.EventRefused {
		_, _ = io.WriteString(s, below+"\n") // nobody is left to be told that this failed
	}
}
