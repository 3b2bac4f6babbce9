//go:build unix

package artifact_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
)

// numbered is the n-th artifact of the server below.
func numbered(n int) (contentmodel.Artifact, []byte) {
	b := []byte(strings.Repeat(fmt.Sprintln(n), 40_000))
	return contentmodel.Artifact{Path: fmt.Sprint(n), Size: int64(len(b)), Sum: sumOf(b)}, b
}

// TestChild is a process that downloads until it is killed.
func TestChild(t *testing.T) {
	dir, url, ok := strings.Cut(os.Getenv("SYNCMEM_TEST_DOWNLOAD"), "|")
	if !ok {
		t.Skip("only started by TestKilled")
	}
	f, err := artifact.Open(dir, artifact.FolderOptions{})
	require.NoError(t, err)
	d, err := artifact.New(artifact.Options{Folder: f, Mirrors: []artifact.Mirror{{Location: url}}})
	require.NoError(t, err)
	for n := 0; ; n++ {
		a, _ := numbered(n)
		_, err := d.Fetch(t.Context(), a)
		require.NoError(t, err)
		fmt.Println("fetched")
	}
}

// TestKilled: however often a process is killed in the middle, what has a name is whole, and the next one cleans up.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(path.Base(r.URL.Path), &n)
		_, b := numbered(n)
		_, _ = w.Write(b[:len(b)/2])
		w.(http.Flusher).Flush()
		time.Sleep(2 * time.Millisecond)
		_, _ = w.Write(b[len(b)/2:])
	})
	parts := 0
	for try := range 6 {
		child := exec.Command(os.Args[0], "-test.run=^TestChild$")
		child.Env = append(os.Environ(), "SYNCMEM_TEST_DOWNLOAD="+dir+"|"+s.URL)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		lines := bufio.NewScanner(out)
		for range try + 3 {
			require.True(t, lines.Scan(), "the child ended by itself")
		}
		time.Sleep(time.Duration(try) * 3 * time.Millisecond)
		require.NoError(t, child.Process.Kill())
		_ = child.Wait()
		for _, name := range files(t, dir) {
			if strings.HasPrefix(name, "tmp/") {
				parts++
				continue
			}
			b, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(strings.TrimPrefix(name, "sha256/"), "/", ""), sumOf(b).String())
		}
	}
	require.NotZero(t, parts, "some were killed in the middle")
	open(t, dir)
	for _, name := range files(t, dir) {
		require.NotContains(t, name, "tmp/")
	}
	locks, err := filepath.Glob(filepath.Join(dir, "tmp", "*.lock"))
	require.NoError(t, err)
	require.Len(t, locks, 2, "of the folder, and of the one that is open")
}
