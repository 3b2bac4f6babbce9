package memacct

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/internal/procmem/wall"
)

// These tests hold a whole process against the kernel's OOM killer, in a cgroup of its own.

// walled runs the calling test once more behind a wall of limit bytes, and reports whether this is it.
func walled(t *testing.T, limit int64) bool {
	t.Helper()
	if raceEnabled {
		t.Skip("NOT TESTED: the race detector needs several times the memory")
	}
	if os.Getenv(aloneMark) == t.Name() {
		return true
	}
	cmd := aloneCommand(t)
	out := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	res, err := wall.Run(t.Context(), limit, cmd)
	if err != nil {
		t.Skipf("NOT TESTED: %v", err)
	}
	t.Logf("%s", out)
	require.Zero(t, res.OOMKills, "killed by the kernel")
	require.Zero(t, res.ExitCode)
	return false
}

// A cgroup's limit that is lowered to little above its use is seen before the process has grown to the old one.
func TestHeldWhenTheCgroupIsLoweredToItsUse(t *testing.T) {
	const most = 300 * mib
	if !walled(t, most) {
		return
	}
	group, err := procmem.OwnCgroup()
	require.NoError(t, err)
	bounds, err := group.Bounds()
	require.NoError(t, err)
	set := func(n int64) error { return os.WriteFile(bounds[0].String(), strconv.AppendInt(nil, n, 10), 0o644) }

	b, err := New(Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	g := NewGate(b.Account("sync"), "units", 10_000, func(u []byte) int64 { return int64(len(u)) })
	var all sync.WaitGroup
	stop := make(chan struct{})
	all.Go(func() {
		defer g.Close()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			u := make([]byte, (1+i%8)*64<<10)
			for k := 0; k < len(u); k += 4096 {
				u[k] = 1
			}
			if err := g.Put(t.Context(), u); err != nil {
				t.Error(err)
				return
			}
		}
	})
	all.Go(func() {
		for range g.Batches(t.Context(), Batch{Size: 200}) {
			time.Sleep(5 * time.Millisecond)
		}
	})
	for range 8 {
		time.Sleep(700 * time.Millisecond)
		used, err := group.Usage()
		require.NoError(t, err)
		to := min(used+25*mib, most)
		require.NoError(t, set(to))
		time.Sleep(700 * time.Millisecond)
		after, err := group.Usage()
		require.NoError(t, err)
		t.Logf("lowered to %s, then %s in use", bytesize.Format(to), bytesize.Format(after))
		require.NoError(t, set(most))
	}
	close(stop)
	all.Wait()
	empty(t, b)
}

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
	k := kernel{host: &host{walls: func() walls {
		w := walls{group: procmem.At(2, dir), name: noWall}
		return w.again()
	}}}
	next := func() float64 { // two seconds later
		k.usesAt = k.usesAt.Add(-2 * time.Second)
		return k.read(true, 0).still
	}
	require.Zero(t, k.read(true, 0).still, "what was before is not told")
	full(6e6)
	require.InDelta(t, 0.5, next(), 0.1)
	require.InDelta(t, 0.5, k.read(true, 0).still, 0.1, "as long as nothing is read anew")
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
	k := kernel{host: &host{walls: func() walls {
		found++
		w := walls{group: procmem.At(2, dir), name: noWall}
		return w.again()
	}}}
	require.EqualValues(t, 1<<30, k.read(true, 0).walls.least)
	write("memory.high", "536870912\n")
	r := k.read(true, 0)
	require.EqualValues(t, 512*mib, r.walls.least)
	require.Equal(t, "cgroup "+dir+"/memory.high", r.walls.name)
	require.LessOrEqual(t, r.room, int64(512*mib), "also of what is left in it")
	write("memory.high", "max\n")
	write("memory.max", "max\n")
	r = k.read(true, 0)
	require.Equal(t, procmem.NoLimit, r.walls.least)
	require.Equal(t, noWall, r.walls.name)
	require.NoError(t, os.Remove(filepath.Join(dir, "memory.max")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "memory.max"), 0o700)) // can't be read
	require.Equal(t, r.walls, k.read(true, 0).walls)
	require.Equal(t, 1, found)
}
