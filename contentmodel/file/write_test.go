package file_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/file"
)

// What is written is read again.
func TestWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "repo")
	w, err := file.NewWriter(dir)
	require.NoError(t, err)
	want := []*file.File{{Path: "a, b/c d", Size: 0}, {Path: "é/#x", Size: 1 << 40}}
	want[1].SHA256[0] = 0xab
	for _, f := range want {
		require.NoError(t, w.Write(f))
	}
	for _, path := range []string{"#a", " a", "a ", "a\nb", "a\rb", "a\x00"} {
		require.ErrorContains(t, w.Write(&file.File{Path: path}), "can't be in a manifest")
	}
	require.NoError(t, w.Close())
	text, err := os.ReadFile(filepath.Join(dir, file.ManifestName))
	require.NoError(t, err)
	var got []*file.File
	for f, err := range file.Read("M", bytes.NewReader(text)) {
		require.NoError(t, err)
		got = append(got, f)
	}
	require.Equal(t, want, got)
}
