package artifact_test

import (
	"errors"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
)

// smallDisk is a disk of 1 MiB.
func smallDisk(t testing.TB) string {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("this user can't mount a small disk: ", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, 0)) })
	return dir
}

// TestDiskFull: the error says what to do, nothing is left, and what fits later is kept.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t)
	f := open(t, dir)
	_, err := write(t, f, make([]byte, 2<<20), "", -1)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, dir+": no space left on device; free space where the folder is")
	_, ok := errors.AsType[*contentmodel.InputError](err)
	require.True(t, ok)
	require.Empty(t, files(t, dir))
	_, err = write(t, f, make([]byte, 1000), "", -1)
	require.NoError(t, err)
}

// TestFetchDiskFull: no other mirror is asked, and nothing is tried again.
func TestFetchDiskFull(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) })
	u := (&under{dir: smallDisk(t)}).over(t, artifact.Options{}, s.URL, s.URL)
	_, err := u.fails(t, contentmodel.Artifact{Path: "x", Size: 2 << 20})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "x: "+u.dir+": no space left on device; free space where the folder is")
	require.EqualValues(t, 1, s.requests.Load())
}
