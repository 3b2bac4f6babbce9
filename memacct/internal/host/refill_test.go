package host

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What asks the kernel for every page of the heap must not do so at each look.
func TestTheRefillIsMeasuredSeldom(t *testing.T) {
	asked := 0
	k := Kernel{Host: &Host{Heap: func() int64 { asked++; return 54 << 20 }}}
	now := Sample{NonHeap: 6 << 20, Stacks: 2 << 20, Mapped: 40 << 20, Freed: 30 << 20, RSS: 60 << 20}
	k.Measure(&now)
	require.EqualValues(t, 18<<20, now.Refilled)
	k.refill.took = 1 << 40
	k.Measure(&now)
	require.Equal(t, 1, asked)
	k.refill.took = 0
	k.refill.at = k.refill.at.Add(-refillEvery)
	k.Measure(&now)
	require.Equal(t, 2, asked)
}
