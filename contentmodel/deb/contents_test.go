package deb_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
)

// archStanza is a paragraph of a package for an architecture.
func archStanza(name, arch string) string {
	return strings.Replace(stanza(name), "Architecture: all", "Architecture: "+arch, 1)
}

// filesOf reads a repository with its Contents, and gives each package as name:path+path.
func filesOf(t testing.TB, s suite, o deb.RepositoryOptions) (got, notes []string, err error) {
	dir := t.TempDir()
	s.write(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(s.release("")), 0o600))
	o.Contents, o.TempDir = true, t.TempDir()
	o.Note = func(s string) { notes = append(notes, strings.ReplaceAll(s, dir, "DIR")) }
	r, err := deb.Open(t.Context(), dir, o)
	require.NoError(t, err)
	for p, err := range r.Packages(t.Context()) {
		if err != nil {
			return got, notes, err
		}
		line := p.Package + ":"
		for kind, path := range p.Files.Paths() {
			require.Empty(t, kind)
			line += string(path) + "+"
		}
		got = append(got, strings.TrimSuffix(line, "+"))
		read, total := r.Progress()
		require.LessOrEqual(t, read, total)
	}
	read, total := r.Progress()
	require.Equal(t, total, read)
	left, err := os.ReadDir(o.TempDir)
	require.NoError(t, err)
	require.Empty(t, left)
	return got, notes, nil
}

func TestContents(t *testing.T) {
	s := suite{
		"main/binary-amd64/Packages":    archStanza("b", "amd64") + archStanza("a", "amd64") + archStanza("a", "amd64") + stanza("doc") + stanza("none"),
		"main/binary-arm64/Packages":    archStanza("a", "arm64"),
		"contrib/binary-amd64/Packages": archStanza("a", "amd64"),
		"main/Contents-amd64.gz":        gz(t, "bin/a  \t utils/a\nusr/share/a b/c d   utils/a,non-free/libs/b\n\nusr/x utils/unknown\n"),
		"main/Contents-arm64.gz":        gz(t, "bin/arm utils/a\n"),
		"main/Contents-all":             "./usr/share/doc/doc/copyright doc/doc\n/caf\xe9 doc\nusr/share/doc/doc/z doc/doc\n",
		"contrib/Contents-amd64":        "bin/contrib contrib/utils/a\n",
	}
	got, notes, err := filesOf(t, s, deb.RepositoryOptions{})
	require.NoError(t, err)
	require.Empty(t, notes)
	require.ElementsMatch(t, []string{
		"b:/usr/share/a b/c d", "a:/bin/a+/usr/share/a b/c d", "a:/bin/a+/usr/share/a b/c d", "none:",
		"doc:/usr/share/doc/doc/copyright+/caf\xe9+/usr/share/doc/doc/z", "a:/bin/arm", "a:/bin/contrib",
	}, got)

	got, notes, err = filesOf(t, s, deb.RepositoryOptions{Components: []string{"contrib"}})
	require.NoError(t, err)
	require.Empty(t, notes)
	require.Equal(t, []string{"a:/bin/contrib"}, got)

	delete(s, "main/Contents-arm64.gz")
	delete(s, "main/Contents-all")
	got, notes, err = filesOf(t, s, deb.RepositoryOptions{Architectures: []string{"arm64"}})
	require.NoError(t, err)
	require.Equal(t, []string{"a:"}, got)
	require.Equal(t, []string{"DIR/Release lists no Contents for main/binary-arm64/Packages: its packages are read without their files"}, notes)
}

// TestContentsOfAll: one Contents for all components, which has the packages for all architectures, below a header; and
// that of the installer.
func TestContentsOfAll(t *testing.T) {
	header := "This file maps each file\n=====\n\nof all packages to one\n FILE            LOCATION  \n"
	s := suite{
		"main/binary-amd64/Packages":                  archStanza("a", "amd64") + stanza("doc"),
		"universe/binary-amd64/Packages":              archStanza("u", "amd64"),
		"main/debian-installer/binary-amd64/Packages": archStanza("d-i", "amd64"),
		"Contents-amd64":                              header + "bin/a utils/a\nbin/u universe/utils/u\nFILE LOCATION\nusr/doc doc/doc\n",
		"main/Contents-udeb-amd64":                    "bin/di debian-installer/d-i\nbin/a debian-installer/a\n",
	}
	got, notes, err := filesOf(t, s, deb.RepositoryOptions{})
	require.NoError(t, err)
	require.Empty(t, notes)
	require.ElementsMatch(t, []string{"a:/bin/a", "u:/bin/u", "doc:/usr/doc", "d-i:/bin/di"}, got)

	got, notes, err = filesOf(t, suite{"Packages": archStanza("a", "amd64") + stanza("b"), "Contents-amd64": "bin/a a\n", "Contents-all.gz": gz(t, "b b\n")}, deb.RepositoryOptions{})
	require.NoError(t, err)
	require.Empty(t, notes)
	require.Equal(t, []string{"a:/bin/a", "b:/b"}, got)
}

func TestContentsErrors(t *testing.T) {
	for want, contents := range map[string]string{
		`Contents-amd64:2: want a path and packages but have "alone"; check that it is the Contents`: "bin/a a\nalone\nbin/c a\n",
		`Contents-amd64:1: want a path and packages but have "a"`:                                    "/ a\nbin/a a\nbin/c a\n",
		`Contents-amd64:2: has a NUL byte, so it is no text`:                                         "bin/a a\nbin/\x00 a\nbin/c a\n",
		`Contents-amd64:1: want packages with commas between but have "a,"`:                          "bin/a a,\nbin/c a",
		`Contents-amd64:1: want packages with commas between but have "x/"`:                          "bin/b x/\nbin/a a\nbin/c a",
		`Contents-amd64:1200: want a path and packages but have "alone"`:                             strings.Repeat("x y\n", 1198) + "bin/a a\nalone\nbin/c a\n",
		`Contents-amd64:1: the line is longer than`:                                                  strings.Repeat("x", 1<<20+5) + " a\n",
	} {
		s := suite{"main/binary-amd64/Packages": archStanza("a", "amd64"), "main/Contents-amd64": contents}
		got, _, err := filesOf(t, s, deb.RepositoryOptions{})
		require.ErrorContains(t, err, want)
		_, ok := errors.AsType[*contentmodel.InputError](err)
		require.True(t, ok)
		require.Empty(t, got)

		got, notes, err := filesOf(t, s, deb.RepositoryOptions{Options: deb.Options{SkipBad: 1}})
		if strings.Contains(want, "longer") { // where a line ends is all that the next one's sense rests on
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []string{"a:/bin/a+/bin/c"}, got)
		require.Len(t, notes, 1)
		require.Contains(t, notes[0], want)
	}
}

// TestContentsAbsent: what the Release lists and nobody has is no reason to have nothing.
func TestContentsAbsent(t *testing.T) {
	s := suite{"main/binary-amd64/Packages": archStanza("a", "amd64"), "main/Contents-amd64": "bin/a a\n"}
	dir := t.TempDir()
	s.write(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(s.release("")), 0o600))
	at := filepath.Join(dir, "main/Contents-amd64")
	read := func() (notes []string, err error) {
		r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{Contents: true, Options: deb.Options{Note: func(s string) { notes = append(notes, s) }}})
		require.NoError(t, err)
		for _, e := range r.Packages(t.Context()) {
			err = e
		}
		return notes, err
	}
	require.NoError(t, os.WriteFile(at, []byte("bin/b a\n"), 0o600))
	_, err := read()
	require.ErrorContains(t, err, "as Release says")
	require.NoError(t, os.Remove(at))
	notes, err := read()
	require.NoError(t, err)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "no such file")
	require.Contains(t, notes[0], "read without the files it lists")

	r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{Contents: true, TempDir: filepath.Join(dir, "none")})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(at, []byte(s["main/Contents-amd64"]), 0o600))
	for _, err = range r.Packages(t.Context()) {
	}
	require.ErrorContains(t, err, "is in the order of its paths, and there is no room to sort it")
}

// TestContentsMemory reads lists that are several times what is allowed on the heap.
func TestContentsMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("300,000 files")
	}
	const packages, each = 600, 500
	var index strings.Builder
	var plain bytes.Buffer
	w := gzip.NewWriter(&plain)
	for i := range packages {
		index.WriteString(archStanza(fmt.Sprintf("package%05d", i), "amd64"))
	}
	for i := range each {
		for j := range packages {
			fmt.Fprintf(w, "usr/share/%03d/a-directory/with-a-long-name/of-a-file-%05d utils/package%05d\n", i, j, j)
		}
	}
	require.NoError(t, w.Close())
	s := suite{"main/binary-amd64/Packages": index.String(), "main/Contents-amd64.gz": plain.String()}
	dir := t.TempDir()
	s.write(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(s.release("")), 0o600))
	r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{Contents: true})
	require.NoError(t, err)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for p, err := range r.Packages(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, each, p.Files.Len())
		if n%200 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			require.Less(t, int64(now.HeapAlloc)-int64(before.HeapAlloc), int64(8<<20))
		}
		n++
	}
	require.Equal(t, packages, n)
}

func FuzzContents(f *testing.F) {
	f.Add([]byte("bin/a utils/a,b\nFILE LOCATION\n./x y z/a\n"))
	f.Add([]byte("\x00 a\n a \n,,, ,\n//./ a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _, err := filesOf(t, suite{"main/binary-amd64/Packages": archStanza("a", "amd64"), "main/Contents-amd64": string(data)}, deb.RepositoryOptions{})
		if err != nil {
			_, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
			return
		}
		require.Len(t, got, 1)
	})
}
