package procmem

import (
	"os"
	"regexp"
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
