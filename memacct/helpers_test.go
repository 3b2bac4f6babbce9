package memacct

import (
	"context"
	"iter"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
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
