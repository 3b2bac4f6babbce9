package memacct

import (
	"bytes"
	"context"
	"iter"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// bubble runs f in a synctest bubble: its clock moves on only when everybody sleeps, and a schedule in which
// everybody sleeps for ever fails the test.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// later starts put and returns where its error will be. It has run as far as it can.
func later(put func() error) chan error {
	done := make(chan error, 1)
	go func() { done <- put() }()
	synctest.Wait()
	return done
}

// putLater starts a put of so many bytes.
func putLater(ctx context.Context, g *Gate[*load], bytes int64) chan error {
	return later(func() error { return g.Put(ctx, &load{bytes}) })
}

// fill puts units that need not wait.
func fill(t *testing.T, g *Gate[*load], sizes ...int64) {
	t.Helper()
	for _, n := range sizes {
		require.NoError(t, g.Put(t.Context(), &load{n}))
	}
}

// leases returns the next lease of a queue at each call, and the end of its loop.
func leases(t *testing.T, l interface {
	Leases(context.Context) iter.Seq[*Lease[*load]]
},
) (next func() *Lease[*load], stop func()) {
	t.Helper()
	pull, stop := iter.Pull(l.Leases(t.Context()))
	return func() *Lease[*load] {
		lease, ok := pull()
		require.True(t, ok)
		return lease
	}, stop
}

// count drains a queue and returns how many units there were.
func count[T any](seq iter.Seq[T]) (n int) {
	for range seq {
		n++
	}
	return n
}

// slogTo returns a logger that calls f for each record.
func slogTo(f func()) *slog.Logger {
	return slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) { f(); return len(p), nil }), nil))
}

// quiet opens a budget that logs nothing. One of content, with an account on it, is what open is for.
func quiet(t testing.TB, l Limit, change ...func(*Config)) *Budget {
	t.Helper()
	cfg := Config{Limit: l, Logger: slog.New(slog.DiscardHandler), RestoreGoLimit: true} // one process runs all tests
	for _, c := range change {
		c(&cfg)
	}
	h := *host.This
	if raceEnabled {
		h.RSS = func() int64 { return 0 } // it would be the race detector's
	}
	b, err := newOn(&h, cfg)
	require.NoError(t, err)
	return b
}

// cut leaves a budget that many bytes of content until the governor looks again.
func cut(b *Budget, content int64) {
	b.enter()
	defer b.leave()
	b.core.SetLimit(content)
}

// refusedWith is the BudgetError that a put or a reservation must have failed with.
func refusedWith(t *testing.T, err error) (e *BudgetError) {
	t.Helper()
	require.ErrorAs(t, err, &e)
	return e
}

// eventsOf are the events of a kind that a budget told.
func eventsOf(b *Budget, kind EventKind) []Event {
	return slices.DeleteFunc(b.Events(), func(e Event) bool { return e.Kind != kind })
}

// logged returns a budget whose reports can be read.
func logged(t *testing.T) (*Budget, *Account, func() string) {
	t.Helper()
	var mu sync.Mutex
	var text bytes.Buffer
	b, a := open(t, 100, func(c *Config) {
		c.Logger = slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return text.Write(p)
		}), nil))
	})
	return b, a, func() string {
		mu.Lock()
		defer mu.Unlock()
		return text.String()
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// inThisFile is a line of the test that asks, as reports name it.
func inThisFile(line int) string {
	_, file, _, _ := runtime.Caller(1)
	return filepath.Base(file) + ":" + strconv.Itoa(line)
}
