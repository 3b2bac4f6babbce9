package stacks

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a verdict costs beside its collection.
func BenchmarkHeapPlaces(b *testing.B) {
	for b.Loop() {
		HeapPlaces(5, Ours)
	}
}

// keep makes so many blocks of so many bytes; its name is to be found again.
//
//go:noinline
func keep(blocks, size int) (kept [][]byte) {
	for range blocks {
		kept = append(kept, make([]byte, size))
	}
	return kept
}

// Where memory that lives was made is found by the function and line that made it, with about as much as it is.
func TestWhatMadeTheMemoryThatLives(t *testing.T) {
	const bytes = 64 << 20
	kept := keep(8, bytes/8) // much larger than the rate: each is sampled
	runtime.GC()
	runtime.GC() // the profile is of the collection before the last
	byKeep := func(f Frame) bool { return strings.HasSuffix(f.Func, ".keep") }
	top, loops := HeapPlaces(1, byKeep)
	require.Len(t, top, 1)
	require.Contains(t, top[0].Where, "stacks.keep heap_test.go:")
	require.True(t, top[0].Loop)
	require.InEpsilon(t, bytes, top[0].Bytes, 0.01)
	require.GreaterOrEqual(t, loops, top[0].Bytes)

	top, loops = HeapPlaces(5, func(Frame) bool { return false })
	require.False(t, top[0].Loop)
	require.Zero(t, loops)
	for i := range top[1:] {
		require.GreaterOrEqual(t, top[i].Bytes, top[i+1].Bytes, "the largest first")
	}
	none, _ := HeapPlaces(0, byKeep)
	require.Empty(t, none)
	runtime.KeepAlive(kept)
}

// A program may have switched the sampling off: then nothing is known, and nothing made up.
func TestNoPlacesWithoutSamples(t *testing.T) {
	before := runtime.MemProfileRate
	runtime.MemProfileRate = 0
	defer func() { runtime.MemProfileRate = before }()
	top, loops := HeapPlaces(5, Ours)
	require.Empty(t, top)
	require.Zero(t, loops)
}

// A block of the rate's size is sampled with a chance of 1 - 1/e; much larger ones always are, and small ones in
// proportion to their size.
func TestSamplesAreScaledUp(t *testing.T) {
	const rate = 512 << 10
	require.InEpsilon(t, rate/(1-1/math.E), unsampled(1, rate, rate), 0.001)
	require.InEpsilon(t, 100<<20, unsampled(1, 100<<20, rate), 0.001)
	require.InEpsilon(t, 10*rate, unsampled(10, 10*16, rate), 0.001, "each stands for the rate's bytes")
	require.EqualValues(t, 1000, unsampled(10, 1000, 1e-9), "every block is sampled")
	require.Zero(t, unsampled(0, 0, rate))
	require.Zero(t, unsampled(5, 0, rate))
}
