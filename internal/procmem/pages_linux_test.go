package procmem

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSetHugePages(t *testing.T) {
	may := func() string {
		status, err := os.ReadFile("/proc/self/status")
		require.NoError(t, err)
		found := regexp.MustCompile(`(?m)^THP_enabled:\s+(\d)$`).FindSubmatch(status)
		if found == nil {
			t.Skip("SKIPPED: this kernel does not say whether a process may have huge pages")
		}
		return string(found[1])
	}
	if may() == "0" {
		t.Skip("SKIPPED: huge pages are off here")
	}
	require.NoError(t, SetHugePages(false))
	require.Equal(t, "0", may())
	require.NoError(t, SetHugePages(true))
	require.Equal(t, "1", may())
}

func TestSetReadAround(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	// Each mapping begins with a line that ends with its file, and ends with its flags: rr is what is read at random.
	alone := func() (n int) {
		smaps, err := os.ReadFile("/proc/self/smaps")
		require.NoError(t, err)
		inside := false
		for line := range strings.Lines(string(smaps)) {
			line = strings.TrimSpace(line)
			if flags, is := strings.CutPrefix(line, "VmFlags:"); is {
				if inside && strings.Contains(flags, " rr") {
					n++
				}
				inside = false
			} else if strings.HasSuffix(line, program) {
				inside = true
			}
		}
		return n
	}
	require.Zero(t, alone())
	require.NoError(t, SetReadAround(false))
	require.GreaterOrEqual(t, alone(), 2, "code and data that is not written to")
	require.NoError(t, SetReadAround(true))
	require.Zero(t, alone())
}
