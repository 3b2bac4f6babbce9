package memacct

import (
	"bytes"
	"log/slog"
	"os"
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
