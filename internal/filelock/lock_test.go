package filelock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/filelock"
)

// TestOpen: one at a time, also within a process, and the next one when the file is closed.
func TestOpen(t *testing.T) {
	if !filelock.Works {
		t.Skip("this system has no lock that ends with the process")
	}
	path := filepath.Join(t.TempDir(), "x")
	f, err := filelock.Open(path)
	require.NoError(t, err)
	_, err = filelock.Open(path)
	require.ErrorIs(t, err, filelock.ErrLocked)
	reader, err := os.Open(path)
	require.NoError(t, err)
	defer reader.Close()
	require.True(t, filelock.Held(reader))
	require.NoError(t, f.Close())
	require.False(t, filelock.Held(reader))
	f, err = filelock.Open(path)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
