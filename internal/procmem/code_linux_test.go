package procmem

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withFlag counts the mappings of the program that have this flag in /proc/self/smaps. Each begins with a line that ends
// with its file, and ends with its flags: rr is what is read at random, lo what is locked.
func withFlag(t *testing.T, flag string) (n int) {
	program, err := os.Executable()
	require.NoError(t, err)
	smaps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	inside := false
	for line := range strings.Lines(string(smaps)) {
		line = strings.TrimSpace(line)
		if flags, is := strings.CutPrefix(line, "VmFlags:"); is {
			if inside && strings.Contains(flags+" ", " "+flag+" ") {
				n++
			}
			inside = false
		} else if strings.HasSuffix(line, program) {
			inside = true
		}
	}
	return n
}

func TestSetReadAround(t *testing.T) {
	require.Zero(t, withFlag(t, "rr"))
	require.NoError(t, SetReadAround(false))
	require.GreaterOrEqual(t, withFlag(t, "rr"), 2, "code and data that is not written to")
	require.NoError(t, SetReadAround(true))
	require.Zero(t, withFlag(t, "rr"))
}

func TestLockCode(t *testing.T) {
	locked, err := LockCode(math.MaxInt64)
	if err != nil {
		require.Zero(t, withFlag(t, "lo"), "all of it or nothing")
		t.Skip("SKIPPED: memory can't be locked here: ", err)
	}
	require.True(t, locked)
	require.GreaterOrEqual(t, withFlag(t, "lo"), 2, "code and constants")
	s, err := Read()
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.Locked, s.LockedFiles())
	require.Positive(t, s.LockedFiles())

	require.NoError(t, UnlockCode())
	require.Zero(t, withFlag(t, "lo"))

	locked, err = LockCode(4096)
	require.NoError(t, err)
	require.False(t, locked, "it is more than that")
	require.Zero(t, withFlag(t, "lo"))
}
