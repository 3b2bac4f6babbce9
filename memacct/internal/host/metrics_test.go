package host

import (
	"runtime/metrics"
	"testing"

	"github.com/stretchr/testify/require"
)

// The names must be those that the runtime has: one that it does not know reads as 0, in silence.
func TestEveryMetricIsKnownToTheRuntime(t *testing.T) {
	known := map[string]bool{}
	for _, d := range metrics.All() {
		known[d.Name] = true
	}
	for _, name := range metricNames {
		require.True(t, known[name], name)
	}
	require.Positive(t, This.ReadMemory().Buckets, "the heap profile is on by default")
}
