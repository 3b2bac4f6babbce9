package storetest

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
)

// Run runs the suite. fresh makes a new, empty place for content and returns what opens the store in it. Some cases open
// it more than once, one after the other or at the same time; the suite closes what it opens.
func Run(t *testing.T, fresh func(t *testing.T) (open Open)) {
	for _, c := range slices.Concat(cases, values, closing, versions, artifacts) {
		t.Run(c.name, func(t *testing.T) {
			s := &suite{T: t, open: fresh(t)}
			s.store = s.open(t)
			t.Cleanup(func() { require.NoError(t, s.store.Close()) })
			c.run(s)
		})
	}
}

// Open opens a store or fails the test.
type Open func(t *testing.T) store.Versioned

type testCase struct {
	name string
	run  func(*suite)
}

// cases are about what is saved, found and read back.
var cases = []testCase{
	{"new units are saved", (*suite).newUnits},
	{"known units are not saved again", (*suite).again},
	{"a mixed batch saves the new ones", (*suite).mixed},
	{"duplicates in a batch count once", (*suite).duplicates},
	{"an empty batch does nothing", (*suite).empty},
	{"the same key of another kind is another unit", (*suite).kinds},
	{"odd keys are keys", (*suite).oddKeys},
	{"bodies of every length come back", (*suite).lengths},
	{"a huge body comes back", (*suite).huge},
	{"the first body of a key stays", (*suite).firstStays},
	{"unknown content has no body", (*suite).notFound},
	{"a failing writer ends Body", (*suite).failingWriter},
	{"a failing unit leaves nothing", (*suite).failing},
	{"a failing huge unit leaves nothing", (*suite).failingHuge},
	{"a cancelled save leaves nothing", (*suite).cancelled},
	{"a context that is done does nothing", (*suite).done},
	{"a panicking unit leaves nothing and the store works", (*suite).panicking},
}

type suite struct {
	*testing.T
	open  Open
	store store.Versioned
}

// reopen closes the store and opens it again.
func (s *suite) reopen() {
	s.Helper()
	require.NoError(s, s.store.Close())
	s.store = s.open(s.T)
}

func (s *suite) save(want int, units ...contentmodel.Unit) {
	s.Helper()
	got, err := s.store.Save(s.Context(), units)
	require.NoError(s, err)
	require.Equal(s, want, got, "new units")
}

func (s *suite) existing(units ...contentmodel.Unit) []bool {
	s.Helper()
	found := make([]bool, len(units))
	for i := range found {
		found[i] = i%2 == 0 // what was there before must not show
	}
	require.NoError(s, s.store.Existing(s.Context(), units, found))
	return found
}

func (s *suite) wantCount(want int) {
	s.Helper()
	got, err := s.store.Count(s.Context())
	require.NoError(s, err)
	require.EqualValues(s, want, got, "units in the store")
}

func (s *suite) wantBody(u *Unit) {
	s.Helper()
	var b bytes.Buffer
	require.NoError(s, s.store.Body(s.Context(), u.Kind(), u.Key(), &b))
	require.True(s, bytes.Equal(u.Body(), b.Bytes()), "body of %q: want %d bytes, got %d or other ones", u.Name, u.Len, b.Len())
}

// wantNothing checks that a save that failed left no trace, and that the same
// units can be saved afterwards.
func (s *suite) wantNothing(kept int, units []contentmodel.Unit) {
	s.Helper()
	s.wantCount(kept)
	require.NotContains(s, s.existing(units...), true)
	for i, u := range units { // healed
		units[i] = &Unit{Name: u.Key(), Len: u.(*Unit).Len}
	}
	s.save(len(units), units...)
	for _, u := range units {
		s.wantBody(u.(*Unit))
	}
}

func (s *suite) newUnits() {
	units := Many(0, 1000) // more than any statement takes
	require.NotContains(s, s.existing(units...), true)
	s.save(1000, units...)
	require.NotContains(s, s.existing(units...), false)
	s.wantCount(1000)
}

func (s *suite) again() {
	units := append(Many(0, 300), &Unit{Name: "big", Len: 300 << 10})
	s.save(301, units...)
	s.save(0, units...)
	s.wantCount(301)
	s.wantBody(units[300].(*Unit))
}

func (s *suite) mixed() {
	s.save(100, Many(0, 100)...)
	units := append(Many(200, 5), Many(90, 20)...)
	want := make([]bool, 25)
	for i := range 10 {
		want[5+i] = true
	}
	require.Equal(s, want, s.existing(units...))
	s.save(15, units...)
	s.wantCount(115)
}

func (s *suite) duplicates() {
	big := &Unit{Name: "big", Len: 200 << 10}
	units := append(Many(0, 100), Many(50, 100)...)
	units = append(units, big, &Unit{Name: "x", Len: 1}, big, &Unit{Name: "x", Len: 1})
	s.save(152, units...)
	s.wantCount(152)
	s.wantBody(big)
	require.NotContains(s, s.existing(units...), false)
}

func (s *suite) empty() {
	s.save(0)
	require.Empty(s, s.existing())
	s.wantCount(0)
}

func (s *suite) kinds() {
	a, b := &Unit{Type: "a", Name: "same", Len: 10}, &Unit{Type: "b", Name: "same", Len: 20}
	s.save(1, a)
	require.Equal(s, []bool{true, false}, s.existing(a, b))
	s.save(1, a, b)
	s.wantBody(a)
	s.wantBody(b)
}

func (s *suite) oddKeys() {
	var units []contentmodel.Unit
	for _, key := range []string{
		"'; DROP TABLE content; --", `\`, "%", "?", "NULL", "1", "1.0", " 1", "ä", "a\u0308", "Key", "key", "\U0001f4e6",
		strings.Repeat("long ", 800), strings.Repeat("long ", 8000),
	} {
		units = append(units, &Unit{Name: key, Len: 5})
	}
	s.save(len(units), units...)
	s.save(0, units...)
	for _, u := range units {
		s.wantBody(u.(*Unit))
	}
}

func (s *suite) lengths() {
	const kib = 1 << 10
	units := Many(0, 10)
	for _, n := range []int{0, 1, 64*kib - 1, 64 * kib, 64*kib + 1, 100 * kib, 128*kib - 1, 128 * kib, 128*kib + 1, 1000 * kib} {
		units = append(units, &Unit{Name: "u" + string(rune('a'+len(units))), Len: n}, &Unit{Name: "after" + string(rune('a'+len(units))), Len: 30})
	}
	s.save(len(units), units...)
	for _, u := range units {
		s.wantBody(u.(*Unit))
	}
}

func (s *suite) huge() {
	u := &Unit{Name: "huge", Len: 10<<20 + 17}
	s.save(1, u)
	s.wantBody(u)
	s.save(0, u)
}

func (s *suite) firstStays() {
	for _, n := range []int{100, 200 << 10} {
		first, second := &Unit{Name: "key", Type: string(rune(n)), Len: n}, &Unit{Name: "key", Type: string(rune(n)), Len: 300 << 10}
		s.save(1, first)
		s.save(0, second)
		s.wantBody(first)
	}
}

func (s *suite) notFound() {
	err := s.store.Body(s.Context(), "test", "nothing", io.Discard)
	require.ErrorIs(s, err, store.ErrNotFound)
	require.ErrorContains(s, err, "nothing")
}

// brokenWriter takes so many bytes, then fails.
type brokenWriter int

func (w *brokenWriter) Write(b []byte) (int, error) {
	if *w -= brokenWriter(len(b)); *w < 0 {
		return 0, ErrBroken
	}
	return len(b), nil
}

func (s *suite) failingWriter() {
	u := &Unit{Name: "u", Len: 500 << 10}
	s.save(1, u)
	for _, n := range []brokenWriter{0, 100 << 10} {
		require.ErrorIs(s, s.store.Body(s.Context(), u.Kind(), u.Key(), &n), ErrBroken)
	}
	s.wantBody(u)
}

func (s *suite) failing() {
	s.save(50, Many(0, 50)...)
	units := append(Many(100, 500), &Unit{Name: "broken", Len: 10 << 10, Broken: 5 << 10})
	saved, err := s.store.Save(s.Context(), units)
	require.ErrorIs(s, err, ErrBroken)
	require.ErrorContains(s, err, "broken", "the error names the unit")
	require.Zero(s, saved)
	s.wantNothing(50, units)
}

func (s *suite) failingHuge() {
	units := append(Many(0, 10), &Unit{Name: "broken", Len: 1 << 20, Broken: 900 << 10})
	_, err := s.store.Save(s.Context(), units)
	require.ErrorIs(s, err, ErrBroken)
	s.wantNothing(0, units)
}

func (s *suite) cancelled() {
	ctx, cancel := context.WithCancel(s.Context())
	pieces := 0
	units := append(Many(0, 500), &Unit{Name: "big", Len: 1 << 20, Before: func() {
		if pieces++; pieces == 100 {
			cancel()
		}
	}})
	saved, err := s.store.Save(ctx, units)
	require.ErrorIs(s, err, context.Canceled)
	require.Zero(s, saved)
	require.Less(s, pieces, 110, "pieces asked for after the cancel")
	s.wantNothing(0, units)
}

func (s *suite) done() {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	units := Many(0, 3)
	_, err := s.store.Save(ctx, units)
	require.ErrorIs(s, err, context.Canceled)
	require.ErrorIs(s, s.store.Existing(ctx, units, make([]bool, 3)), context.Canceled)
	_, err = s.store.Count(ctx)
	require.ErrorIs(s, err, context.Canceled)
	s.wantCount(0)
}

func (s *suite) panicking() {
	units := append(Many(0, 100), &Unit{Name: "bad", Len: 100 << 10, Before: func() { panic("bad unit") }})
	require.PanicsWithValue(s, "bad unit", func() { _, _ = s.store.Save(s.Context(), units) })
	s.wantNothing(0, units)
}
