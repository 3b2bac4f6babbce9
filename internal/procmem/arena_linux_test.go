package procmem

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What the runtime released and the kernel brought back is resident though the runtime does not count it. Here it is
// asked for; where huge pages are always on it comes by itself.
func TestHeapResidentSeesWhatCameBack(t *testing.T) {
	const size = 64 << 20
	held := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		held[i] = 1
	}
	runtime.KeepAlive(held)
	held = nil
	debug.FreeOSMemory()
	before, err := HeapResident()
	require.NoError(t, err)
	counted := ReadGo().Bounded

	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	spans, err := arena(maps, uint64(uintptr(unsafe.Pointer(heapPages()))))
	require.NoError(t, err)
	for _, s := range spans {
		_, _, errno := unix.Syscall(unix.SYS_MADVISE, uintptr(s.from), uintptr(s.to-s.from), unix.MADV_POPULATE_WRITE)
		if errno == unix.EINVAL {
			t.Skip("NOT TESTED: pages can be asked for since Linux 5.14")
		}
		require.Zero(t, errno)
	}
	after, err := HeapResident()
	require.NoError(t, err)
	require.Greater(t, after-before, int64(size*9/10))
	require.Less(t, ReadGo().Bounded-counted, int64(size/4), "the runtime knows nothing of it")
}
