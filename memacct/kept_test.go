package memacct

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An error may be kept for long, in a report say. The budget with its queues must not be kept by it.
func TestAKeptErrorKeepsNoBudget(t *testing.T) {
	gone := make(chan struct{})
	kept := func() (kept []error) {
		b, a := open(t, 1000)
		runtime.AddCleanup(b, func(c chan struct{}) { close(c) }, gone)
		g := NewGate(a, "units", 4, weight)
		kept = append(kept, g.Put(t.Context(), &load{5000}))
		back := a.Charge(900)
		kept = append(kept, g.Put(t.Context(), &load{500}))
		back()
		for _, err := range kept {
			refusedWith(t, err)
		}
		empty(t, b)
		return kept
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		return isClosed(gone)
	}, 10*time.Second, time.Millisecond)
	runtime.KeepAlive(kept)
}
