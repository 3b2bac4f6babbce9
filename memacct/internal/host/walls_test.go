package host

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/procmem"
)

// The finders of this machine, whatever it is.
func TestWallsOfThisMachine(t *testing.T) {
	w := readWalls()
	require.Positive(t, w.Least)
	require.NotEmpty(t, w.Name)
	r := w.use(0, new(procmem.Files))
	require.LessOrEqual(t, len(w.bounds), 64)
	if len(w.bounds) == 0 {
		require.Equal(t, int64(math.MaxInt64), r.Room)
	}
	_, err := procmem.OwnCgroup()
	t.Logf("%v; cgroup: %v", w, err)
}
