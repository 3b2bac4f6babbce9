package wall

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A parent that has to hand the memory controller down for the wall hands it down no longer than the wall stands, and
// what was on before stays. These are plain folders: the kernel's own are in the tests that build real walls.
func TestTheControllerIsLeftAsItWas(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	subtree := func() string {
		text, err := os.ReadFile(filepath.Join(dir, subtreeControl))
		require.NoError(t, err)
		return string(text)
	}
	failed := func() error { // the kernel would make the wall's files; here there are none to write to
		_, err := makeIn(2, dir, 1<<20)
		walls, globErr := filepath.Glob(filepath.Join(dir, prefix+"*"))
		require.NoError(t, globErr)
		require.Empty(t, walls)
		return err
	}

	put(controllers, "cpu memory pids\n")
	put(subtreeControl, "")
	require.ErrorIs(t, failed(), os.ErrNotExist)
	require.Equal(t, "-memory", subtree(), "switched on, and off again")

	put(subtreeControl, "")
	put("other/memory.max", "1000\n")
	require.ErrorIs(t, failed(), os.ErrNotExist)
	require.Equal(t, "+memory", subtree(), "somebody has a limit there by now")

	put("other/memory.max", "max\n")
	put(prefix+"1-2.d/memory.max", "max\n") // one that is being made
	put(subtreeControl, "")
	g := &group{handsDown: dir}
	require.NoError(t, g.undo())
	require.Empty(t, subtree())
	require.NoError(t, os.RemoveAll(filepath.Join(dir, prefix+"1-2.d")))

	put(subtreeControl, "memory pids\n")
	require.ErrorIs(t, failed(), os.ErrNotExist)
	require.Equal(t, "memory pids\n", subtree(), "it was on")

	put(controllers, "cpu pids\n")
	put(subtreeControl, "cpu\n")
	require.EqualError(t, failed(), dir+": the memory controller is not handed down to it: its parent's cgroup.subtree_control lacks +memory")
	require.Equal(t, "cpu\n", subtree())
	require.NoError(t, os.Remove(filepath.Join(dir, subtreeControl)))
	require.ErrorIs(t, failed(), os.ErrNotExist)
}
