package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSARIFPathsAreTheRepositorys(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	sub := filepath.Join(root, "a", "b")
	require.NoError(t, os.MkdirAll(sub, 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(root, ".git"), 0o755))
	for _, wd := range []string{root, sub} {
		t.Chdir(wd)
		uri, base := sarifURI(filepath.Join(root, "a", "odd name#1.go"))
		require.Equal(t, "a/odd%20name%231.go", uri)
		require.Equal(t, "%SRCROOT%", base)
	}
	outside := filepath.Join(filepath.Dir(root), "x y.go")
	uri, base := sarifURI(outside)
	require.Equal(t, "file://"+filepath.ToSlash(filepath.Dir(root))+"/x%20y.go", uri)
	require.Empty(t, base)
}
