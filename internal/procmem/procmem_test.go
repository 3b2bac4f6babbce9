package procmem

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const status = "Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    1728 kB\nVmRSS:\t    1728 kB\nRssAnon:\t     112 kB\n" +
	"RssFile:\t    1616 kB\nRssShmem:\t       4 kB\nVmSwap:\t       8 kB\nThreads:\t1\n"

func TestParseStatus(t *testing.T) {
	text := []byte(status)
	s, err := parseStatus(text)
	require.NoError(t, err)
	require.Equal(t, Sample{RSSAnon: 112 << 10, RSSFile: 1616 << 10, RSSShmem: 4 << 10, Swap: 8 << 10, HighWater: 1728 << 10}, s)
	require.Zero(t, testing.AllocsPerRun(100, func() { parseStatus(text) }))

	_, err = parseStatus([]byte("Name:\tx\n"))
	require.ErrorIs(t, err, ErrUnsupported)
	for _, bad := range []string{"RssAnon: kB\n", "RssAnon: -1 kB\n", "RssAnon: 1 MB\n", "RssAnon: 9999999999999999 kB\n"} {
		_, err = parseStatus([]byte(bad))
		require.ErrorContains(t, err, "no number of kB in", bad)
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(status))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseStatus(text)
		if err == nil {
			require.GreaterOrEqual(t, min(s.RSSAnon, s.RSSFile, s.RSSShmem, s.Swap, s.HighWater), int64(0))
		}
	})
}

// supported skips where the kernel tells nothing.
func supported(t testing.TB) {
	if _, err := Read(); errors.Is(err, ErrUnsupported) {
		t.Skipf("NOT TESTED: %v", err)
	}
}

// touched is that many bytes, resident.
func touched(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	return b
}

func TestResetHighWater(t *testing.T) {
	supported(t)
	held := touched(64 << 20)
	high, err := Read()
	require.NoError(t, err)
	runtime.KeepAlive(held)
	held = nil
	debug.FreeOSMemory()
	if err := ResetHighWater(); errors.Is(err, ErrUnsupported) {
		t.Skipf("NOT TESTED: %v", err)
	}
	low, err := Read()
	require.NoError(t, err)
	require.Less(t, low.HighWater, high.HighWater-32<<20)
}

// Where nothing can be read, a Sampler still works and says why it is empty.
func TestSamplerAnywhere(t *testing.T) {
	s := StartSampler(time.Hour, nil)
	defer s.Stop()
	peak := s.Peak()
	require.Equal(t, peak.Err == nil, peak.Samples > 0)
	if peak.Err != nil {
		require.ErrorIs(t, peak.Err, ErrUnsupported)
	}
}

func TestReadGo(t *testing.T) {
	old := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(old)
	held := touched(32 << 20)
	runtime.GC()
	g := ReadGo()
	require.False(t, g.Limited())
	require.Greater(t, g.Live, int64(32<<20))
	require.Greater(t, g.Bounded, g.Live)
	runtime.KeepAlive(held)
	debug.SetMemoryLimit(1 << 40)
	g = ReadGo()
	require.True(t, g.Limited())
	require.EqualValues(t, int64(1<<40), g.Limit)
}

func Example() {
	s := StartSampler(10*time.Millisecond, nil)
	// ... the work ...
	s.Stop()
	if peak := s.Peak(); peak.Err == nil && peak.RSSAnon > 1<<40 {
		fmt.Println("more than a TiB")
	}
}

func BenchmarkRead(b *testing.B) {
	supported(b)
	held := touched(256 << 20)
	f, err := openStatus()
	require.NoError(b, err)
	defer f.close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.read(); err != nil {
			b.Fatal(err)
		}
	}
	runtime.KeepAlive(held)
}

// BenchmarkSmapsRollup is the way not taken, over the same memory.
func BenchmarkSmapsRollup(b *testing.B) {
	f, err := os.Open("/proc/self/smaps_rollup")
	if err != nil {
		b.Skip(err)
	}
	defer f.Close()
	held := touched(256 << 20)
	var buf [4096]byte
	for b.Loop() {
		if n, _ := f.ReadAt(buf[:], 0); n == 0 {
			b.Fatal("empty")
		}
	}
	runtime.KeepAlive(held)
}
