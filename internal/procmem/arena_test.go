package procmem

import (
	"errors"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArena(t *testing.T) {
	const maps = `00400000-004ac000 r-xp 00000000 fe:00 9994433                            /bin/program
004ac000-004b0000 rw-p 00000000 fe:00 9994433                            /bin/program
004b0000-004c0000 rw-p 00000000 00:00 0 
c000000000-c000400000 rw-p 00000000 00:00 0                              [anon: Go: heap]
c000400000-c000800000 rw-p 00000000 00:00 0 
c000800000-c004000000 ---p 00000000 00:00 0 
c004000000-c004400000 rw-p 00000000 00:00 0 
d000000000-d000400000 rw-p 00000000 00:00 0 
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`
	heap := []span{{0xc000000000, 0xc000400000}, {0xc000400000, 0xc000800000}, {0xc004000000, 0xc004400000}}
	for at, want := range map[uint64][]span{
		0xc000000000: heap, 0xc0007fffff: heap, 0xc004000001: heap,
		0x4b1000:     {{0x4b0000, 0x4c0000}}, // what lies beside a file is not of it
		0xd0003fffff: {{0xd000000000, 0xd000400000}},
	} {
		got, err := arena([]byte(maps), at)
		require.NoError(t, err, "%x", at)
		require.Equal(t, want, got, "%x", at)
	}
	for _, at := range []uint64{0, 0x500000, 0xc004400000, 0xd000400000} {
		_, err := arena([]byte(maps), at)
		require.EqualError(t, err, "/proc/self/maps: the heap is not there", "%x", at)
	}
	_, err := arena([]byte("rubbish\n"), 0)
	require.EqualError(t, err, `/proc/self/maps: not a mapping: "rubbish"`)
}

func FuzzArena(f *testing.F) {
	f.Add([]byte("c000000000-c000400000 rw-p 00000000 00:00 0 \nc000400000-c000800000 ---p 00000000 00:00 0\n"), uint64(0xc000000000))
	f.Fuzz(func(t *testing.T, maps []byte, at uint64) {
		spans, err := arena(maps, at)
		if err != nil {
			require.Empty(t, spans)
		}
		for _, s := range spans {
			require.LessOrEqual(t, s.from, s.to)
		}
	})
}

// What is held is resident; what was released is not, although its addresses stay the heap's.
func TestHeapResident(t *testing.T) {
	const size = 64 << 20
	held := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		held[i] = 1
	}
	with, err := HeapResident()
	if errors.Is(err, ErrUnsupported) {
		t.Skipf("NOT TESTED: %v", err)
	}
	require.NoError(t, err)
	require.GreaterOrEqual(t, with, int64(size))
	all, err := RSSAnon()
	require.NoError(t, err)
	require.LessOrEqual(t, with, all+size/16, "it is part of what is resident")
	runtime.KeepAlive(held)
	held = nil
	debug.FreeOSMemory()
	without, err := HeapResident()
	require.NoError(t, err)
	require.Less(t, without, with-size*9/10)
}

func BenchmarkHeapResident(b *testing.B) {
	held := make([]byte, 256<<20)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	for b.Loop() {
		if _, err := HeapResident(); err != nil {
			b.Skip(err)
		}
	}
	runtime.KeepAlive(held)
}
