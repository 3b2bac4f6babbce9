package artifact_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
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
