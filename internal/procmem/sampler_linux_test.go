package procmem

import (
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The sampler must see a peak that is gone again when it is asked.
func TestSamplerSeesPeak(t *testing.T) {
	const size = 64 << 20
	debug.FreeOSMemory() // or what other tests left is given back meanwhile
	before, err := RSSAnon()
	require.NoError(t, err)
	s := StartSampler(time.Millisecond, nil)
	// Mapped, and not of the heap: what other tests left there may be used again without a byte more being resident.
	held, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	for i := 0; i < size; i += 4096 {
		held[i] = 1
	}
	for start := s.Peak().Samples; s.Peak().Samples < start+5; { // each Peak samples, too
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, syscall.Munmap(held))
	s.Stop()
	s.Stop()
	peak := s.Peak()
	require.NoError(t, peak.Err)
	require.GreaterOrEqual(t, peak.RSSAnon, before+size*9/10)
	require.GreaterOrEqual(t, peak.HighWater, peak.RSSAnon)
	require.Positive(t, peak.RSSFile)
	after, err := RSSAnon()
	require.NoError(t, err)
	require.Less(t, after, peak.RSSAnon-size/2, "it was given back, and the peak stays")
	require.Equal(t, peak, s.Peak(), "no samples after Stop")
}
