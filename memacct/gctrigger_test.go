package memacct

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Collections are forced while limits change, budgets come and go, and units flow: no gate stays shut, and nobody is
// refused.
func TestSweepsWhileLimitsChange(t *testing.T) {
	applicationSets(t, math.MaxInt64) // what another test's budget set stays
	keep := func() *Budget {
		for {
			b, err := newOn(hostOf(0, 0, 8<<30).host(), Config{Limit: Process(120 * mib), GoLimit: GoLimitKeep, Logger: slog.New(slog.DiscardHandler)})
			if err == nil {
				return b
			}
			require.ErrorContains(t, err, "is too small: the program itself uses", "what the other flow, or another test, has not let go of yet")
			debug.FreeOSMemory()
		}
	}
	kept := make([]byte, 70*mib) // the heap is collected at twice that, if nobody forces it
	before := lastSweep()
	stop := time.Now().Add(time.Second)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for time.Now().Before(stop) {
				b := keep()
				g := NewGate(b.Account("sync"), "units", 100, parcelSize)
				var flow sync.WaitGroup
				flow.Go(func() {
					defer g.Close()
					r := rand.New(rand.NewPCG(1, 2))
					for range 2000 {
						if err := g.Put(t.Context(), newParcel(r)); err != nil {
							t.Error(err)
							return
						}
					}
				})
				flow.Go(func() {
					for _, l := range []Limit{Content(2 * mib), Process(128 * mib), Process(140 * mib)} {
						time.Sleep(5 * time.Millisecond)
						if err := b.SetLimit(l); err != nil {
							t.Error(err)
						}
					}
				})
				n := 0
				for range g.All(t.Context()) {
					n++
				}
				flow.Wait()
				if n != 2000 {
					t.Errorf("%d units came", n)
				}
				if err := b.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	runtime.KeepAlive(kept)
	require.Greater(t, lastSweep(), before, "no collection was forced")
}

func lastSweep() int64 {
	forcedGCs.mu.Lock()
	defer forcedGCs.mu.Unlock()
	return forcedGCs.over.UnixNano()
}
