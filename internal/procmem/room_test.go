package procmem

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

func TestFileRoom(t *testing.T) {
	const MiB = bytesize.MiB
	for _, c := range []struct{ limit, mapped, want int64 }{
		{512 * MiB, 16 * MiB, 28 * MiB}, // what is measured to be used
		{64 * MiB, 16 * MiB, 28 * MiB},
		{60 * MiB, 16 * MiB, 24 * MiB}, // the program first
		{48 * MiB, 16 * MiB, 20 * MiB}, // but files something
		{32 * MiB, 16 * MiB, 20 * MiB},
		{512 * MiB, 0, 12 * MiB},
	} {
		require.Equal(t, c.want, FileRoom(c.limit, c.mapped), "%+v", c)
	}
}

// Whatever the figures, a larger cgroup never leaves the process less, nor files.
func TestFileRoomGrowsEvenly(t *testing.T) {
	const step = bytesize.MiB / 4
	for mapped := int64(0); mapped < 64*bytesize.MiB; mapped += 8 * bytesize.MiB {
		for limit := int64(step); limit < 256*bytesize.MiB; limit += step {
			before, now := FileRoom(limit-step, mapped), FileRoom(limit, mapped)
			require.GreaterOrEqual(t, limit-now, limit-step-before, "limit %d, mapped %d", limit, mapped)
			require.GreaterOrEqual(t, now, before, "limit %d, mapped %d", limit, mapped)
			require.GreaterOrEqual(t, now, mapped+leastCache, "limit %d, mapped %d", limit, mapped)
		}
	}
}
