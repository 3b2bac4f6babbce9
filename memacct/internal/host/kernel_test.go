package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/procmem"
)

// How long the group stood still is told from one reading to the next.
func TestHowLongTheGroupStoodStill(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of cgroups have no drive letter")
	}
	dir := t.TempDir()
	write := func(file, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	full := func(micros int) {
		write("memory.pressure", fmt.Sprintf("some avg10=0.00 total=9999999999\nfull avg10=0.00 total=%d\n", micros))
	}
	write("memory.max", "1073741824\n")
	write("memory.current", "1000\n")
	write("memory.stat", "inactive_file 0\nactive_file 0\n")
	full(5e6)
	k := Kernel{Host: &Host{Walls: func() Walls {
		w := Walls{group: procmem.At(2, dir), Name: noWall}
		return w.again()
	}}}
	next := func() float64 { // two seconds later
		k.usesAt = k.usesAt.Add(-2 * time.Second)
		return k.Read(true, 0).Still
	}
	require.Zero(t, k.Read(true, 0).Still, "what was before is not told")
	full(6e6)
	require.InDelta(t, 0.5, next(), 0.1)
	require.InDelta(t, 0.5, k.Read(true, 0).Still, 0.1, "as long as nothing is read anew")
	require.Zero(t, next())
	k.wallsAt = time.Time{} // found anew
	full(7e6)
	require.InDelta(t, 0.5, next(), 0.1)
	write("memory.pressure", "") // as a kernel has it that does not count
	require.Zero(t, next())
}

// The limits of the groups that are known are read again at each look, and not once a second as the groups are.
func TestALoweredWallIsSeenAtTheNextLook(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of cgroups have no drive letter")
	}
	dir := t.TempDir()
	write := func(file, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	write("memory.max", "1073741824\n")
	write("memory.high", "max\n")
	write("memory.current", "1000\n")
	write("memory.stat", "inactive_file 0\nactive_file 0\n")
	found := 0
	k := Kernel{Host: &Host{Walls: func() Walls {
		found++
		w := Walls{group: procmem.At(2, dir), Name: noWall}
		return w.again()
	}}}
	require.EqualValues(t, 1<<30, k.Read(true, 0).Walls.Least)
	write("memory.high", "536870912\n")
	r := k.Read(true, 0)
	require.EqualValues(t, 512<<20, r.Walls.Least)
	require.Equal(t, "cgroup "+dir+"/memory.high", r.Walls.Name)
	require.LessOrEqual(t, r.Room, int64(512<<20), "also of what is left in it")
	write("memory.high", "max\n")
	write("memory.max", "max\n")
	r = k.Read(true, 0)
	require.Equal(t, procmem.NoLimit, r.Walls.Least)
	require.Equal(t, noWall, r.Walls.Name)
	require.NoError(t, os.Remove(filepath.Join(dir, "memory.max")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "memory.max"), 0o700)) // can't be read
	require.Equal(t, r.Walls, k.Read(true, 0).Walls)
	require.Equal(t, 1, found)
}
