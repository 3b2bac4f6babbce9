package sizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests use the block sizes before anything was sized.
func init() { plans.ready.Do(prepare) }

type node struct {
	name string
	next *node
}

// text is a heap string of n bytes.
func heapText(n int) string { return strings.Clone(strings.Repeat("x", n)) }

func TestWhatCounts(t *testing.T) {
	require.Zero(t, Of(1), "a number")
	require.Zero(t, Of("a literal belongs to the program"))
	require.EqualValues(t, 48, Of(heapText(33)), "33 bytes take a block of 48")
	require.Zero(t, Of[error](nil))
	ring := &node{name: heapText(33)}
	ring.next = ring
	require.EqualValues(t, blockOf(3*wordSize, true)+48, Of(ring), "a ring counts once")
	require.EqualValues(t, 2*48+blockOf(3*wordSize, true), Of(*ring), "a copy points to the ring; their text is one string, counted twice")
	var v any = ring
	require.Equal(t, Of(ring), Of(v), "an interface holds a pointer itself")
}

func TestNoAllocation(t *testing.T) {
	ring := &node{name: heapText(33)}
	ring.next = ring
	var v any = ring
	for name, f := range map[string]func(){
		"pointer": func() { Of(ring) }, "struct": func() { Of(*ring) }, "interface": func() { Of(v) },
	} {
		require.Zero(t, testing.AllocsPerRun(100, f), name)
	}
}
