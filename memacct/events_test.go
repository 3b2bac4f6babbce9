package memacct

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

func TestEventsAreKeptLoggedAndTold(t *testing.T) {
	b, a, log := logged(t)
	var told []EventKind
	stop := b.Watch(func(e Event) {
		require.False(t, e.At.IsZero())
		b.Stats() // no lock is held
		told = append(told, e.Kind)
	})
	require.NoError(t, b.SetLimit(Content(200)))
	b.reportMisuse("Release", &NewGate(a, "units", 1, weight).q, stacks.Caller(0), 0)
	stop()
	stop()
	require.NoError(t, b.SetLimit(Content(100)))

	require.Equal(t, []EventKind{EventLimit, EventMisuse}, told)
	var kept []EventKind
	for _, e := range b.Events() {
		kept = append(kept, e.Kind)
	}
	require.Equal(t, []EventKind{EventOpened, EventLimit, EventMisuse, EventLimit}, kept)
	require.Contains(t, log(), "level=ERROR msg=\"memacct: Release of a lease that had ended")
	require.Contains(t, log(), "level=INFO msg=\"memacct: the limit changed: content limit of 200 B (given)\" event=limit bytes=200\n")
}

func TestOnlyTheLatestEventsAreKept(t *testing.T) {
	b, _ := open(t, 100)
	for i := range 2 * keptEvents {
		require.NoError(t, b.SetLimit(Content(int64(i)+1)))
	}
	kept := b.Events()
	require.Len(t, kept, keptEvents)
	require.EqualValues(t, 2*keptEvents, kept[keptEvents-1].Bytes)
	require.True(t, slices.IsSortedFunc(kept, func(x, y Event) int { return x.At.Compare(y.At) }))
}

func TestStatsSayWhatTheProcessAndEachAccountHold(t *testing.T) {
	b, a := open(t, 1000)
	cache := b.Account("cache", WithFloor(10), WithWeight(2))
	free := cache.Charge(30)
	g := NewGate(a, "units", 10, weight)
	fill(t, g, 40)
	s := b.Stats()
	require.Positive(t, s.Memory.Live)
	require.Equal(t, b.base, s.Memory.Baseline)
	require.Positive(t, s.Memory.Go)
	require.Len(t, s.Accounts, 2)
	require.Same(t, b, cache.Budget())
	require.Nil(t, (*Account)(nil).Budget())
	require.Equal(t, Enforce, s.Mode)
	require.Equal(t, AccountStats{Name: "cache", Used: 30, Peak: 30, Named: 30, Floor: 10, Weight: 2}, s.Accounts[1])
	require.Equal(t, "*memacct.load", s.Queues[0].Type)
	require.Equal(t, 10, s.Queues[0].Capacity)
	free()
	g.Discard()
	empty(t, b)
}

// What a log pipeline sees: one line of message, and attributes that need no parsing.
func TestAnEventIsAGoodLogRecord(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	b, err := New(Config{Limit: Content(100), Policy: Overrun(1000), Logger: log})
	require.NoError(t, err)
	fill(t, NewGate(b.Account("rpm"), "units", 1, weight), 300)
	b.emit(Event{Kind: EventStall, Account: "rpm", Text: "nothing moved\nqueue  units\nunits  1", attrs: []slog.Attr{slog.Int("units", 1)}})

	var records []map[string]any
	for line := range bytes.Lines(out.Bytes()) {
		var r map[string]any
		require.NoError(t, json.Unmarshal(line, &r))
		delete(r, "time")
		records = append(records, r)
	}
	require.Len(t, records, 3)
	require.Regexp(t, `^memacct: content limit of 100 B \(given\), baseline .*, policy overrun:1000B, mode enforce$`, records[0]["msg"])
	require.Equal(t, 100.0, records[0]["bytes"])
	require.Equal(t, map[string]any{
		"level": "WARN", "msg": "memacct: a unit of 300 B was admitted, 200 B past the limit",
		"event": "overrun", "account": "rpm", "queue": "units", "bytes": 300.0,
	}, records[1])
	require.Equal(t, map[string]any{
		"level": "WARN", "msg": "memacct: nothing moved", "event": "stall", "account": "rpm", "units": 1.0,
	}, records[2])
}

// A mistake in a loop is one line a minute, and drives no other event from memory.
func TestEventsAlikeAreToldOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 1)
		var told []Event
		defer b.Watch(func(e Event) { told = append(told, e) })()
		next, stop := leases(t, g)
		l := next()
		l.Release()
		twice := func() { l.Release() }
		for range 1000 {
			twice()
		}
		l.Release() // from elsewhere
		require.Len(t, told, 2)
		require.Zero(t, told[0].More)
		time.Sleep(tellAlike)
		twice()
		require.Len(t, told, 3)
		require.EqualValues(t, 999, told[2].More)
		require.Contains(t, told[2].Text, "(and 999 more at the same place)")
		require.EqualValues(t, 1002, b.Stats().Misuse)
		stop()
		for range 10 {
			require.Error(t, g.Put(t.Context(), &load{1000}))
		}
		require.Len(t, eventsOf(b, EventRefused), 1)
		require.EqualValues(t, 10, b.Stats().Refused)
		for i := range 2 * mostAlike { // places without end
			b.emitOnce(fmt.Sprint(i), Event{Kind: EventMisuse})
		}
		require.LessOrEqual(t, len(b.events.alike), mostAlike)
		empty(t, b)
	})
}
