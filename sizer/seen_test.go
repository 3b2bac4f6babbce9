package sizer

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func TestSeen(t *testing.T) {
	blocks := make([][16]byte, 100_000)
	var s seen
	at := func(i int) unsafe.Pointer { return unsafe.Pointer(&blocks[i]) }
	for i := range blocks {
		require.EqualValues(t, 16, s.add(at(i), 16))
		require.Zero(t, s.add(at(i/2), 16), "seen, through every growth of the table")
	}
	require.EqualValues(t, 32, s.add(at(7), 48), "larger than it seemed")
	require.Zero(t, s.add(at(7), 16))
	class := s.large.class
	require.Positive(t, class)
	s.release()
	require.Nil(t, s.large)

	// A small value after a giant one works with a small table, and a clean one.
	var next seen
	for i := range fewSeen + 1 {
		require.EqualValues(t, 16, next.add(at(i), 16))
	}
	require.Zero(t, next.large.class)
	next.release()
}

// Steady state needs no allocation for values of thousands of references either.
func TestNoAllocationForMany(t *testing.T) {
	if raceEnabled {
		t.Skip("SKIPPED: pools drop what they hold at random under -race")
	}
	var head *node
	for range 3000 {
		head = &node{next: head}
	}
	require.Less(t, testing.AllocsPerRun(100, func() { Of(head) }), 1.0)
}
