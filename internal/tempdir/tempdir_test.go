//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package tempdir

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// child tells the test binary to make a directory, print its name, and wait to be killed.
const child = "SYNCMEM_TEMPDIR_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		dir, _, err := Make("x-")
		fmt.Println(dir, err)
		select {}
	}
	os.Exit(m.Run())
}

// What a killed program left is removed by the next; what is in use, or was made by somebody else, stays.
func TestLeftBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	mine, remove, err := Make("x-")
	require.NoError(t, err)
	foreign := filepath.Join(os.TempDir(), "x-results")
	require.NoError(t, os.Mkdir(foreign, 0o700))

	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var left, said string
	_, err = fmt.Fscanln(out, &left, &said)
	require.NoError(t, err)
	require.Equal(t, "<nil>", said)
	require.NoError(t, os.WriteFile(filepath.Join(left, "content"), []byte("x"), 0o600))

	other, removeOther, err := Make("x-")
	require.NoError(t, err)
	require.DirExists(t, left, "its program lives")
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	next, removeNext, err := Make("x-")
	require.NoError(t, err)
	require.NoDirExists(t, left)
	for _, dir := range []string{mine, foreign, other, next} {
		require.DirExists(t, dir)
	}
	for _, f := range []func(){remove, removeOther, removeNext} {
		f()
	}
	all, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Len(t, all, 1)
}
