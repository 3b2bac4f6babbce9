package wall

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/syncmem/syncmem/internal/procmem"
)

// eat tells the test binary to be the command behind the wall: it touches
// that many bytes, writes how many it has, and ends.
const eat = "SYNCMEM_WALL_EAT"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(eat)); err == nil {
		// Mapped, not made: the race detector would double every byte of the heap.
		held, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			panic(err)
		}
		for i := 0; i < n; i += 4096 {
			held[i] = 1
		}
		fmt.Println("held", len(held))
		os.Exit(7) // any code of its own
	}
	goleak.VerifyTestMain(m)
}

// eater is a command that holds that many bytes.
func eater(t *testing.T, n int) (*exec.Cmd, *strings.Builder) {
	self, err := os.Executable()
	require.NoError(t, err)
	var out strings.Builder
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", eat, n))
	cmd.Stdout = &out
	return cmd, &out
}

// behind runs cmd behind a wall, or skips where none can be built.
func behind(t *testing.T, ctx context.Context, limit int64, cmd *exec.Cmd, changes ...Change) (Result, error) {
	t.Helper()
	res, err := Run(ctx, limit, cmd, changes...)
	if errors.Is(err, ErrNoCgroup) {
		t.Skipf("NOT TESTED, nothing of this was proved here: %v", err)
	}
	require.Empty(t, leftovers(t), "cgroups of this process that are left behind")
	return res, err
}

// leftovers lists walls at the top of the hierarchy. Tests of this package
// run one after the other, so there should be none between them.
func leftovers(t *testing.T) []string {
	own, err := procmem.OwnCgroup()
	if err != nil {
		return nil
	}
	all, err := filepath.Glob(filepath.Join(own.Top(), fmt.Sprintf("syncmem-wall-%d-*", os.Getpid())))
	require.NoError(t, err)
	return all
}

func TestTooMuchIsKilled(t *testing.T) {
	cmd, out := eater(t, 100<<20)
	res, err := behind(t, t.Context(), 64<<20, cmd)
	require.NoError(t, err)
	require.EqualValues(t, 1, res.OOMKills, "%+v", res)
	require.EqualValues(t, 9, res.Signal)
	require.Equal(t, -1, res.ExitCode)
	require.Positive(t, res.Failcnt)
	// The counter moves before the kernel decides, in batches of 64 pages.
	require.LessOrEqual(t, res.PeakBytes, int64(64<<20+64*os.Getpagesize()))
	require.Empty(t, out.String())
}

// A wall whose process was killed is removed by the next one in the same place; one that somebody has stays.
func TestLeftBehind(t *testing.T) {
	own, err := procmem.OwnCgroup()
	if err != nil {
		t.Skipf("NOT TESTED: %v", err)
	}
	left, held := filepath.Join(own.Top(), prefix+"0-left"), filepath.Join(own.Top(), prefix+"0-held")
	for _, dir := range []string{left, held} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Skipf("NOT TESTED: %v", err)
		}
		defer syscall.Rmdir(dir)
	}
	d := tryHold(held)
	require.NotNil(t, d)
	defer d.Close()
	_, err = behind(t, t.Context(), 32<<20, exec.Command("true"))
	require.NoError(t, err)
	require.NoDirExists(t, left)
	require.DirExists(t, held)
}

// A limit that rises while the command runs lets it live, and one that falls below what the command takes does not.
func TestChange(t *testing.T) {
	at := func(limit int64) Change { return Change{300 * time.Millisecond, limit} }
	script := func(t *testing.T) *exec.Cmd {
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.Command("sh", "-c", `sleep 1; exec "$0"`, self)
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", eat, 60<<20))
		return cmd
	}
	res, err := behind(t, t.Context(), 32<<20, script(t), at(96<<20))
	require.NoError(t, err)
	require.Equal(t, 7, res.ExitCode, "%+v", res)

	res, err = behind(t, t.Context(), 96<<20, script(t), at(32<<20))
	require.NoError(t, err)
	require.EqualValues(t, 1, res.OOMKills, "%+v", res)

	// What comes after the end is no matter.
	res, err = behind(t, t.Context(), 96<<20, exec.Command("true"), Change{time.Hour, 1})
	require.NoError(t, err)
	require.Zero(t, res.ExitCode)
}

// A limit that the kernel refuses is an error, and the command's end is told.
func TestRefusedChange(t *testing.T) {
	res, err := behind(t, t.Context(), 64<<20, exec.Command("sh", "-c", "sleep 0.5; exit 3"), Change{10 * time.Millisecond, -5})
	require.ErrorContains(t, err, "memory.")
	require.Equal(t, 3, res.ExitCode)
}

func TestEnoughLives(t *testing.T) {
	cmd, out := eater(t, 30<<20)
	res, err := behind(t, t.Context(), 64<<20, cmd)
	require.NoError(t, err)
	require.Zero(t, res.OOMKills, "%+v", res)
	require.Zero(t, res.Signal)
	require.Equal(t, 7, res.ExitCode)
	require.Equal(t, "held 31457280\n", out.String())
	if res.PeakBytes >= 0 {
		require.Greater(t, res.PeakBytes, int64(30<<20))
		require.Less(t, res.PeakBytes, int64(64<<20))
	}
}

// What the command leaves running must not keep the cgroup, nor outlive Run,
// nor hold it up by the output it has open.
func TestOrphansAreKilled(t *testing.T) {
	var out strings.Builder
	cmd := exec.Command("sh", "-c", "sleep 600 & echo $!")
	cmd.Stdout = &out
	_, err := behind(t, t.Context(), 64<<20, cmd)
	require.NoError(t, err)
	_, err = os.Stat(filepath.Join("/proc", strings.TrimSpace(out.String()), "root"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestCancelKillsAll(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("time is up"))
	defer cancel()
	_, err := behind(t, ctx, 64<<20, exec.Command("sh", "-c", "sleep 600; true"))
	require.EqualError(t, err, "time is up")
}

func TestWhatCannotRun(t *testing.T) {
	_, err := behind(t, t.Context(), 64<<20, exec.Command("no-such-command-anywhere"))
	require.ErrorIs(t, err, exec.ErrNotFound)

	res, err := behind(t, t.Context(), 64<<20, exec.Command("sh", "-c", "exit 125"))
	require.NoError(t, err, "the command's own 125 is not ours")
	require.Equal(t, 125, res.ExitCode)

	_, err = Run(t.Context(), 1, exec.Command("true"))
	require.ErrorIs(t, err, ErrNoCgroup)
}

// The command sees its own arguments, directory and environment.
func TestTheRestOfTheCommandStays(t *testing.T) {
	var out strings.Builder
	cmd := exec.Command("sh", "-c", `echo "$PWD|$WALL|$1|$2"`, "arg0", "a b", "$c")
	cmd.Dir, cmd.Env, cmd.Stdout = t.TempDir(), []string{"WALL=yes"}, &out
	_, err := behind(t, t.Context(), 64<<20, cmd)
	require.NoError(t, err)
	require.Equal(t, cmd.Dir+"|yes|a b|$c\n", out.String())
}

func Example() {
	res, err := Run(context.Background(), 64<<20, exec.Command("true"))
	if errors.Is(err, ErrNoCgroup) {
		return // and say so: nothing was proved
	}
	fmt.Println("held:", err == nil && res.OOMKills == 0)
}

// A fresh copy is the same program, none of it in memory, so that what reads it first pays for it.
func TestFreshIsChargedInside(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	copied, remove, err := Fresh(self)
	require.NoError(t, err)
	want, err := os.Stat(self)
	require.NoError(t, err)
	got, err := os.Stat(copied)
	require.NoError(t, err)
	require.Equal(t, want.Size(), got.Size())
	require.NotZero(t, got.Mode()&0o100, "it can be run")

	res, err := behind(t, t.Context(), 64<<20, exec.Command("cat", copied))
	require.NoError(t, err)
	remove()
	require.NoFileExists(t, copied)
	var fs unix.Statfs_t
	require.NoError(t, unix.Statfs(os.TempDir(), &fs))
	if fs.Type != unix.TMPFS_MAGIC && res.PeakBytes >= 0 {
		require.Greater(t, res.PeakBytes, want.Size()*9/10, "bytes charged to whoever read the copy first")
	}

	_, _, err = Fresh("no-such-program")
	require.ErrorIs(t, err, os.ErrNotExist)
}
