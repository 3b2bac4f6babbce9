package procmem

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
)

func TestFileRoom(t *testing.T) {
	const MiB = bytesize.MiB
	seen := func(mapped, cache int64) (f Files) {
		f.See(mapped, 0, cache)
		return f
	}
	for _, c := range []struct{ limit, mapped, cache, want int64 }{
		{512 * MiB, 16 * MiB, 100 * MiB, 28 * MiB}, // what is measured to be used
		{64 * MiB, 16 * MiB, 100 * MiB, 28 * MiB},
		{60 * MiB, 16 * MiB, 100 * MiB, 24 * MiB}, // the program first
		{48 * MiB, 16 * MiB, 100 * MiB, 20 * MiB}, // but files something
		{32 * MiB, 16 * MiB, 100 * MiB, 20 * MiB},
		{64 * MiB, 16 * MiB, 16 * MiB, 12 * MiB}, // no files but the program's: half of it, and something
		{64 * MiB, 16 * MiB, 22 * MiB, 18 * MiB}, // and what lies between
		{512 * MiB, 0, 0, 4 * MiB},
	} {
		require.Equal(t, c.want, seen(c.mapped, c.cache).Room(c.limit), "%+v", c)
	}
	require.Equal(t, 28*MiB, AnyFiles(16*MiB).Room(512*MiB), "until it is known")
}

// What is locked can't be dropped, so the heap must leave it room.
func TestFileRoomOfLockedCode(t *testing.T) {
	const MiB = bytesize.MiB
	var f Files
	f.See(16*MiB, 14*MiB, 16*MiB)
	require.Equal(t, 18*MiB, f.Room(64*MiB))
	require.Equal(t, 14*MiB, f.Code())
}

// Under pressure the kernel drops pages. Code that is dropped leaves no more to the heap than half of it did, or all of it
// would be dropped in the end; and what was cached once is needed still.
func TestFileRoomUnderPressure(t *testing.T) {
	const MiB = bytesize.MiB
	var f Files
	room := func(mapped, cache int64) int64 {
		f.See(mapped, 0, cache)
		return f.Room(512 * MiB)
	}
	require.Equal(t, 12*MiB, room(16*MiB, 16*MiB), "the program's own file is no cache")
	require.Equal(t, 12*MiB, room(8*MiB, 8*MiB), "half of the code is there")
	require.Equal(t, 10*MiB, room(6*MiB, 6*MiB), "the kernel needed more")
	require.Equal(t, 8*MiB, f.Code(), "and that is too much")
	require.Equal(t, 12*MiB, room(12*MiB, 12*MiB))
	require.Equal(t, 28*MiB, room(16*MiB, 28*MiB))
	require.Equal(t, 20*MiB, room(8*MiB, 8*MiB), "there is no cache now")
}

// Whatever the figures, a larger cgroup never leaves the process less, nor files.
func TestFileRoomGrowsEvenly(t *testing.T) {
	const step = bytesize.MiB / 4
	for mapped := int64(0); mapped < 64*bytesize.MiB; mapped += 8 * bytesize.MiB {
		for cache := int64(0); cache < 100*bytesize.MiB; cache += 16 * bytesize.MiB {
			var f Files
			f.See(mapped, 0, cache)
			for limit := int64(step); limit < 256*bytesize.MiB; limit += step {
				before, now := f.Room(limit-step), f.Room(limit)
				require.GreaterOrEqual(t, limit-now, limit-step-before, "limit %d, mapped %d", limit, mapped)
				require.GreaterOrEqual(t, now, before, "limit %d, mapped %d", limit, mapped)
				require.GreaterOrEqual(t, now, mapped/2+leastCache, "limit %d, mapped %d", limit, mapped)
			}
		}
	}
}
