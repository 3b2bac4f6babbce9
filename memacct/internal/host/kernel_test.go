package host

import (
	"fmt"
	"math"
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

// groupOf is a v2 group in a folder, with what the files are to contain.
func groupOf(t *testing.T, files map[string]string) (dir string, find func() Walls) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of cgroups have no drive letter")
	}
	dir = t.TempDir()
	for file, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	return dir, func() Walls { return Walls{group: procmem.At(2, dir), Name: noWall}.again() }
}

// Before anything was read nothing is bound, and who does not steer by it reads nothing.
func TestAKernelThatWasNotAsked(t *testing.T) {
	k := Kernel{Host: &Host{Walls: func() Walls { t.Error("it was asked"); return Walls{} }}}
	for _, r := range []Reading{k.Last(), {Room: math.MaxInt64, Most: math.MaxInt64, Walls: Walls{Least: math.MaxInt64}}} {
		require.Equal(t, k.Last(), r)
	}
	require.Equal(t, Reading{}, k.Read(false, 0))
}

// What others hold in the group is none of this process's, and neither is what files need.
func TestWhatAGroupLeaves(t *testing.T) {
	const mib = 1 << 20
	dir, find := groupOf(t, map[string]string{
		"memory.max": fmt.Sprint(1000 * mib), "memory.high": "max", "memory.current": fmt.Sprint(500 * mib),
		"memory.stat": "inactive_file 0\nactive_file 0\n", "memory.events": "low 0\nhigh 3\nmax 9\noom 2\noom_kill 1\n",
	})
	k := Kernel{Host: &Host{Walls: find}}
	r := k.Read(true, 300*mib)
	require.EqualValues(t, 800*mib, r.Most, "200 MiB are others'")
	require.Less(t, r.Room, r.Most, "files need some")
	require.InDelta(t, 0.5, r.Fill, 0.001)
	require.Equal(t, dir+"/memory.max", r.Full)
	require.EqualValues(t, 3, r.Events.High)
	require.EqualValues(t, 2, r.Events.OOM)
	require.EqualValues(t, 1, r.Events.OOMKills)
	require.Equal(t, r, k.Last())
	require.Equal(t, r, k.Read(true, 0), "it was read a moment ago")

	k.usesAt = time.Time{}
	require.EqualValues(t, 1000*mib, k.Read(true, 600*mib).Most, "it can't be held by nobody")
	require.NoError(t, os.Remove(filepath.Join(dir, "memory.current")))
	k.usesAt = time.Time{}
	r = k.Read(true, 300*mib)
	require.EqualValues(t, int64(math.MaxInt64), r.Most, "what can't be read bounds nothing")
	require.EqualValues(t, 1000*mib, r.Walls.Least, "but the wall is there")
}

// Forget has the groups be found anew, which is done once a second else: a process may be moved to another group.
func TestAProcessThatWasMoved(t *testing.T) {
	_, first := groupOf(t, map[string]string{"memory.max": "1000000", "memory.high": "max"})
	_, second := groupOf(t, map[string]string{"memory.max": "2000000", "memory.high": "max"})
	h := &Host{Walls: first}
	k := Kernel{Host: h}
	require.EqualValues(t, 1000000, k.Read(true, 0).Walls.Least)
	h.Walls = second
	require.EqualValues(t, 1000000, k.Read(true, 0).Walls.Least)
	k.Forget()
	require.EqualValues(t, 2000000, k.Read(true, 0).Walls.Least)
	k.wallsAt = k.wallsAt.Add(-wallsEvery)
	h.Walls = first
	require.EqualValues(t, 1000000, k.Read(true, 0).Walls.Least)
}

// Alone in its groups a process may have all but what files need.
func TestRoomOfWalls(t *testing.T) {
	require.EqualValues(t, int64(math.MaxInt64), Walls{}.Room())
	_, find := groupOf(t, map[string]string{"memory.max": "1073741824", "memory.high": "536870912"})
	room := find().Room()
	require.Positive(t, room)
	require.LessOrEqual(t, room, int64(512<<20), "the least of its bounds")
}
