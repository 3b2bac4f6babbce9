package host

import (
	"math"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/procmem"
)

// Code is locked and let go of, and what the program has locked itself stays as it is.
func TestKeepCode(t *testing.T) {
	locked := func() int64 {
		s, err := procmem.Read()
		require.NoError(t, err)
		return s.Locked
	}
	require.Zero(t, locked())
	keepCode(math.MaxInt32)
	if locked() == 0 {
		t.Skip("SKIPPED: memory can't be locked here")
	}
	keepCode(math.MaxInt32)
	require.Positive(t, locked(), "still")
	keepCode(0)
	require.Zero(t, locked())

	secret, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Munmap(secret)) }()
	require.NoError(t, syscall.Mlock(secret))
	for _, limit := range []int64{math.MaxInt32, 0} {
		keepCode(limit)
		require.EqualValues(t, 4096, locked())
	}
}
