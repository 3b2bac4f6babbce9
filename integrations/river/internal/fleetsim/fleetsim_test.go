package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// output runs the command.
func output(t *testing.T, args ...string) string {
	var out strings.Builder
	require.NoError(t, run(args, &out))
	return out.String()
}

// A small fleet shows what the large one does: by memory no host is ever over its budget, and nobody waits for longer than
// the bound says; each of the others breaks one of the two, or is several times slower.
func TestMemoryBesideCounts(t *testing.T) {
	var got struct{ Results []result }
	require.NoError(t, json.Unmarshal([]byte(output(t, "-hosts=40", "-jobs=20000", "-json")), &got))
	memory, noClaims, mean, worst := got.Results[0], got.Results[1], got.Results[2], got.Results[3]

	require.Zero(t, memory.Over)
	require.LessOrEqual(t, memory.Worst, 1.0)
	require.LessOrEqual(t, memory.OfBound, 1.0)
	require.LessOrEqual(t, memory.First, memory.FirstBound)
	require.Positive(t, memory.First, "some waited with nobody before them, or the bound is not tried")
	require.Greater(t, noClaims.Large50, 2*memory.Large50, "large jobs are passed by small ones")
	require.Greater(t, noClaims.Seconds, memory.Seconds)
	require.Greater(t, mean.Over, 1000)
	require.Greater(t, worst.Seconds, 2*memory.Seconds)
}

// The same seed prints the same, another one does not.
func TestDeterministic(t *testing.T) {
	args := []string{"-hosts=10", "-jobs=2000"}
	first := output(t, args...)
	require.Equal(t, first, output(t, args...))
	require.NotEqual(t, first, output(t, append(args, "-seed=2")...))
	require.Contains(t, first, "10 hosts, 2000 jobs of 256.0 MiB to 32.0 GiB")
	require.Contains(t, first, "starts within A + P + R = ")
}

func TestWrongUse(t *testing.T) {
	require.EqualError(t, run([]string{"-hosts=0"}, io.Discard), "-hosts, -jobs, -alpha and -load must be above 0")
}
