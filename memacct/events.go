package memacct

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/host"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// Event is something rare that a budget decided or noticed, for logs, pages and records. Waits at a gate and
// batches are no events, they are counted in [Stats]. Of mistakes, overruns and refusals at one place one a minute is
// told, with the number of those that were not.
type Event struct {
	At             time.Time
	Kind           EventKind
	Account, Queue string // "" where it concerns the whole budget
	Bytes          int64  // of the unit, lease or limit it is about; 0 if it is about none
	More           int64  // of the same kind at the same place that were counted and not told, since one was
	Text           string // for a reader, with amounts in words: one line, and what there is to add below it

	attrs []slog.Attr // what the lines below say, for a log
}

// EventKind is the kind of an event, in one word.
type EventKind string

// The kinds of events.
const (
	EventOpened  EventKind = "opened"  // the limit was chosen: what it is, and why
	EventLimit   EventKind = "limit"   // the limit changed
	EventGoLimit EventKind = "golimit" // GOMEMLIMIT is above what the kernel enforces
	EventAlarm   EventKind = "alarm"   // a sign of the process running out of memory cut the budget at once, or a limit that may be too high was taken
	EventThrash  EventKind = "thrash"  // the limit is held only because the collector runs nearly all the time, or units get in one by one
	EventSizes   EventKind = "sizes"   // size functions answer too little or too much, by the live heap
	EventOverrun EventKind = "overrun" // a unit was admitted past the limit
	EventRefused EventKind = "refused" // a put failed with a BudgetError
	EventStall   EventKind = "stall"   // nothing moved for a while although units are in flight
	EventMoves   EventKind = "moves"   // units move again, after a stall that was told
	EventLeak    EventKind = "leak"    // units or charges were lost
	EventMisuse  EventKind = "misuse"  // a lease was ended twice
)

// level is where a kind of event is logged.
func (k EventKind) level() slog.Level {
	switch k {
	case EventOpened, EventLimit, EventMoves:
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
	alike    map[alike]*untold
}

// alike is what events have in common of which one a while is told: a mistake in a loop must not flood the log, nor
// drive all others from memory.
type alike struct {
	kind           EventKind
	account, queue string
	place          string // or whatever else tells them apart
}

// untold is how many were not told since then.
type untold struct {
	since time.Time
	more  int64
}

const (
	tellAlike = time.Minute // after this the next one is told, with how many there were
	mostAlike = 256         // places that are told apart; what comes beyond is told each time
)

// emitOnce is emit for an event that may come often, from one place.
func (b *Budget) emitOnce(place string, e Event) {
	if b.events.tells(alike{e.Kind, e.Account, e.Queue, place}, &e) {
		b.emit(e)
	}
}

// passOver is emitOnce for an event that another one, told or about to be told, says all about.
func (b *Budget) passOver(place string, e Event) {
	b.events.mu.Lock()
	defer b.events.mu.Unlock()
	if u := b.events.untoldLocked(alike{e.Kind, e.Account, e.Queue, place}); u != nil {
		u.more++
	}
}

// tells decides whether to tell an event, and puts into it how many were not.
func (v *events) tells(k alike, e *Event) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	u := v.untoldLocked(k)
	switch {
	case u == nil:
		return true
	case host.Since(u.since) < tellAlike:
		u.more++
		return false
	}
	if e.More = u.more; e.More > 0 {
		e.Text += fmt.Sprintf(" (and %d more at the same place)", e.More)
	}
	*u = untold{since: time.Now()}
	return true
}

// untoldLocked is what is kept of events alike, nil if there are too many kinds of them.
func (v *events) untoldLocked(k alike) *untold {
	if u := v.alike[k]; u != nil {
		return u
	}
	if len(v.alike) >= mostAlike {
		maps.DeleteFunc(v.alike, func(_ alike, u *untold) bool { return host.Since(u.since) >= tellAlike })
	}
	if len(v.alike) >= mostAlike {
		return nil
	}
	if v.alike == nil {
		v.alike = map[alike]*untold{}
	}
	u := new(untold)
	v.alike[k] = u
	return u
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

// record is an event as a log record. The message is its first line, and has amounts in words; the attributes have
// them in bytes, as numbers that can be compared and summed. No value has a line break: most formats would write the
// tables of a report on one line, with the breaks escaped, where nobody can read them.
func (e Event) record() (message string, attrs []slog.Attr) {
	message, _, _ = strings.Cut(e.Text, "\n")
	all := attrList{slog.String("event", string(e.Kind))}
	all.text("account", e.Account)
	all.text("queue", e.Queue)
	all.number("bytes", e.Bytes)
	all.number("more", e.More)
	return "memacct: " + message, append(all, e.attrs...)
}

// misuse counts mistakes of the program that cost nothing but a report.
type misuse struct {
	doubleEnds, lost atomic.Int64
}

// reportMisuse reports the second end of a lease, with both places.
func (b *Budget) reportMisuse(how string, q *core.Queue, second, first uintptr) {
	b.misuse.doubleEnds.Add(1)
	b.emitOnce(stacks.FileLine(second), Event{
		Kind: EventMisuse, Account: q.Account.Name, Queue: q.Name,
		Text: how + " of a lease that had ended: at " + stacks.FileLine(second) + ", ended before at " + stacks.FileLine(first),
	})
}

// reportLost reports something charged, a lease or a reservation, that was collected before it ended; how says how
// it came to be where.
func (b *Budget) reportLost(q *core.Queue, what string, bytes int64, how string, where uintptr) {
	b.misuse.lost.Add(1)
	b.emitOnce(stacks.FileLine(where), Event{
		Kind: EventLeak, Account: q.Account.Name, Queue: q.Name, Bytes: bytes,
		Text: what + " of " + bytesize.Format(bytes) + " was lost, " + how + " at " + stacks.FileLine(where) + "; its charge is given back",
	})
}

// attrList is attributes in the making. What is zero or empty is left out: on one line each word counts.
type attrList []slog.Attr

func (l *attrList) text(key, value string) {
	if value != "" {
		*l = append(*l, slog.String(key, value))
	}
}

func (l *attrList) number(key string, n int64) {
	if n != 0 {
		*l = append(*l, slog.Int64(key, n))
	}
}

// list adds a group of texts, keyed 1, 2 and so on, the first most of n.
func (l *attrList) list(key string, most, n int, text func(i int) string) {
	var all attrList
	for i := range min(most, n) {
		all.text(strconv.Itoa(i+1), text(i))
	}
	all.number("more", int64(max(0, n-most)))
	l.group(key, all)
}

func (l *attrList) group(key string, all attrList) {
	if len(all) > 0 {
		*l = append(*l, slog.Attr{Key: key, Value: slog.GroupValue(all...)})
	}
}
