package memriver

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkWork is what admission costs a job that does nothing, with a server as near as it may be: an ask, a lease, its end.
func BenchmarkWork(b *testing.B) {
	p := start(b, database(b), Config{Estimate: keyed})
	nothing := func(context.Context) error { return nil }
	for b.Loop() {
		require.NoError(b, p.Work(b.Context(), row(1), nothing))
	}
}
