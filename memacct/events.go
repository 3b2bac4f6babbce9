package memacct

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Event is something rare that a budget decided or noticed, for logs, pages and records. Waits at a gate and
// batches are no events, they are counted in [Stats].
type Event struct {
	At             time.Time
	Kind           EventKind
	Account, Queue string // "" where it concerns the whole budget
	Bytes          int64  // of the unit, lease or limit it is about; 0 if it is about none
	Text           string // for a reader, with amounts in words: one line, and what there is to add below it
}

// EventKind is the kind of an event, in one word.
type EventKind string

// The kinds of events.
const (
	EventOpened  EventKind = "opened"  // the limit was chosen: what it is, and why
	EventLimit   EventKind = "limit"   // the limit changed
	EventAlarm   EventKind = "alarm"   // a sign of the process running out of memory cut the budget at once
	EventThrash  EventKind = "thrash"  // the limit is held only because the collector runs nearly all the time
	EventSizes   EventKind = "sizes"   // size functions answer too little or too much, by the live heap
	EventOverrun EventKind = "overrun" // a unit was admitted past the limit
	EventRefused EventKind = "refused" // a put failed with a BudgetError
	EventStall   EventKind = "stall"   // nothing moved for a while although units are in flight
	EventLeak    EventKind = "leak"    // units or charges were lost
	EventMisuse  EventKind = "misuse"  // a lease was ended twice
)

// level is where a kind of event is logged.
func (k EventKind) level() slog.Level {
	switch k {
	case EventOpened, EventLimit:
		return slog.LevelInfo
	case EventLeak, EventMisuse:
		return slog.LevelError
	}
	return slog.LevelWarn
}

// keptEvents is how many events a budget remembers.
const keptEvents = 64

// events remembers the latest events and tells them to whoever watches.
type events struct {
	mu       sync.Mutex
	kept     []Event
	watchers []*func(Event)
}

// Watch has fn called with every event from now on, on the goroutine that caused it and with no lock held,
// before or after the event is logged. The returned function ends that; a call may still be on its way then.
func (b *Budget) Watch(fn func(Event)) (stop func()) {
	w := &fn
	b.events.mu.Lock()
	defer b.events.mu.Unlock()
	b.events.watchers = append(slices.Clone(b.events.watchers), w)
	return func() {
		b.events.mu.Lock()
		defer b.events.mu.Unlock()
		b.events.watchers = slices.DeleteFunc(slices.Clone(b.events.watchers), func(o *func(Event)) bool { return o == w })
	}
}

// Events returns the latest events, oldest first: 64 of them at most.
func (b *Budget) Events() []Event {
	b.events.mu.Lock()
	defer b.events.mu.Unlock()
	return slices.Clone(b.events.kept)
}

// emit remembers and logs an event and tells the watchers. It calls code of the user's, the logger's and the
// watchers': no lock may be held.
func (b *Budget) emit(e Event) {
	e.At = time.Now()
	b.events.mu.Lock()
	if len(b.events.kept) == keptEvents {
		b.events.kept = slices.Delete(b.events.kept, 0, 1)
	}
	b.events.kept = append(b.events.kept, e)
	watchers := b.events.watchers // never changed in place
	b.events.mu.Unlock()
	message, attrs := e.record()
	b.log.LogAttrs(context.Background(), e.Kind.level(), message, attrs...)
	for _, w := range watchers {
		(*w)(e)
	}
}

// record is an event as a log record. The message is its first line, so that it is one line in every format,
// and has amounts in words; the attributes have them in bytes, as numbers that can be compared and summed.
func (e Event) record() (message string, attrs []slog.Attr) {
	message, detail, _ := strings.Cut(e.Text, "\n")
	attrs = []slog.Attr{slog.String("event", string(e.Kind))}
	for _, a := range []struct{ key, value string }{{"account", e.Account}, {"queue", e.Queue}, {"detail", detail}} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if e.Bytes != 0 {
		attrs = append(attrs, slog.Int64("bytes", e.Bytes))
	}
	return "memacct: " + message, attrs
}
