package main

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/internal/synth"
)

// TestGenArtifacts reads what was written with the real readers, and compares each file with what the metadata says.
func TestGenArtifacts(t *testing.T) {
	for name, source := range map[string]func(dir string) string{
		"rpm-mixed": func(dir string) string { return "rpm:" + dir },
		"deb-index": func(dir string) string { return "deb:" + dir + ",suite=stable" },
		"file-flat": func(dir string) string { return filepath.Join(dir, file.ManifestName) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			spec, err := synth.Parse(name + ",units=30")
			require.NoError(t, err)
			require.NoError(t, generate(t.Context(), &spec, dir, "gz", 1000))
			o := &options{source: source(dir)}
			require.NoError(t, o.checkSource())
			src, err := openSource(t.Context(), o)
			require.NoError(t, err)
			defer src.Close()
			units, bytes := 0, 0
			for u, err := range src.units(t.Context()) {
				require.NoError(t, err)
				path, sum, size := artifactOf(u)
				body, err := os.ReadFile(filepath.Join(dir, path))
				require.NoError(t, err)
				require.Equal(t, sum, sha256.Sum256(body), path)
				require.EqualValues(t, size, len(body), path)
				units, bytes = units+1, bytes+len(body)
			}
			require.Equal(t, 30, units)
			require.Positive(t, bytes)
		})
	}
}

func artifactOf(u contentmodel.Unit) (path string, sum [32]byte, size int64) {
	switch u := u.(type) {
	case *rpm.Package:
		return u.LocationHref, [32]byte([]byte(u.PkgID)), u.SizePackage
	case *deb.Package:
		return u.Filename, u.SHA256, u.Size
	case *file.File:
		return u.Path, u.SHA256, u.Size
	}
	return "", sum, 0
}
