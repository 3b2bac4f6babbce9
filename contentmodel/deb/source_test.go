package deb_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
)

// sources is a paragraph of a Sources index.
func sources(name, version string) string {
	return "Package: " + name + "\nBinary: a, b\nVersion: " + version + "\nArchitecture: any all\nX-Empty:\nFiles:\n 00000000000000000000000000000001 12 " + name + ".dsc\n" +
		" 00000000000000000000000000000002 34 " + name + ".orig.tar.xz\nChecksums-Sha256:\n " + digest + " 12 " + name + ".dsc\n " + strings.Repeat("ab", 32) + " 34 " + name + ".orig.tar.xz\n" +
		"Directory: pool/main/" + name + "\nPackage-List:\n a deb x optional\n b deb x optional\n\n"
}

func readSources(index string, o deb.Options) (all []*deb.Source, err error) {
	for s, err := range o.ReadSources("S", strings.NewReader(index)) {
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}

func TestReadSources(t *testing.T) {
	all, err := readSources(sources("x", "1:2-3")+sources("y", "1"), deb.Options{})
	require.NoError(t, err)
	require.Len(t, all, 2)
	s := all[0]
	require.Equal(t, deb.SourceKind, s.Kind())
	require.Equal(t, "x 1:2-3 "+strings.ToLower(digest), s.Key())
	require.Equal(t, "pool/main/x", s.Directory)
	require.Equal(t, "Checksums-Sha256", s.List)
	require.Len(t, s.Files, 2)
	require.Equal(t, "x.orig.tar.xz", s.Files[1].Name)
	require.EqualValues(t, 34, s.Files[1].Size)
	require.Equal(t, strings.Repeat("ab", 32), s.Files[1].Checksum.String())
	var b bytes.Buffer
	require.NoError(t, s.WriteBody(&b))
	require.JSONEq(t, `{"Package":"x","Version":"1:2-3","Directory":"pool/main/x","Checksums-Sha256":[["`+strings.ToLower(digest)+`",12,"x.dsc"],["`+strings.Repeat("ab", 32)+`",34,"x.orig.tar.xz"]],
		"Binary":"a, b","Architecture":"any all","X-Empty":"","Package-List":"\n a deb x optional\n b deb x optional",
		"Files":"\n 00000000000000000000000000000001 12 x.dsc\n 00000000000000000000000000000002 34 x.orig.tar.xz"}`, b.String())
}

// TestSourcesErrors: what can't be used is an error with its line, and may be left out.
func TestSourcesErrors(t *testing.T) {
	whole := sources("x", "1")
	for want, index := range map[string]string{
		"S:17: a source package has no Package":                                         strings.Replace(whole, "Package: x\n", "", 1),
		`S:17: the source package "x" has no Version`:                                   strings.Replace(whole, "Version: 1\n", "", 1),
		`S:17: Checksums-Sha256: not a sha256`:                                          strings.Replace(whole, digest, "xyz", 1),
		`S:17: Checksums-Sha256: want checksum, size and name but have "`:               strings.Replace(whole, " 34 x.orig.tar.xz\nDir", " 34\nDir", 1),
		`S:17: Checksums-Sha256: size "-1" is not a number`:                             strings.Replace(whole, digest+" 12", digest+" -1", 1),
		`S:17: Checksums-Sha256: the name of a file has a slash: "a/x.dsc"`:             strings.Replace(whole, digest+" 12 ", digest+" 12 a/", 1),
		`S:17: Checksums-Sha256: path ".." has a ".."`:                                  strings.Replace(whole, digest+" 12 x.dsc", digest+" 12 ..", 1),
		`S:17: Directory: path "../x" has a ".."`:                                       strings.Replace(whole, "pool/main/x", "../x", 1),
		`S:17: Version: want one word`:                                                  strings.Replace(whole, "Version: 1", "Version: 1 2", 1),
		`S:19: package: the field is there twice in one paragraph`:                      strings.Replace(whole, "Version: 1", "package: y\nVersion: 1", 1),
		`S:17: the source package "a" lists no files`:                                   "Package: a\nVersion: 1\n",
		`S:17: "a" lists no files: the input seems to be an index of packages that are`: "Package: a\n" + need,
	} {
		index = sources("first", "1") + index + "\n\n" + sources("last", "1")
		all, err := readSources(index, deb.Options{})
		require.ErrorContains(t, err, want)
		_, ok := errors.AsType[*contentmodel.InputError](err)
		require.True(t, ok)
		require.Len(t, all, 1)

		var notes []string
		all, err = readSources(index, deb.Options{SkipBad: 1, Note: func(s string) { notes = append(notes, s) }})
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Len(t, notes, 1)
		require.Contains(t, notes[0], want)
	}
	all, err := readSources(strings.Replace(sources("x", "1"), "pool/main/x", ".", 1), deb.Options{})
	require.NoError(t, err)
	require.Empty(t, all[0].Directory)
}

func TestRepositorySources(t *testing.T) {
	s := suite{
		"main/source/Sources.gz": gz(t, sources("x", "1")+sources("y", "1")), "contrib/source/Sources": sources("z", "1"),
		"main/binary-all/Packages": stanza("a"),
	}
	dir := t.TempDir()
	s.write(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(s.release("")), 0o600))
	for components, want := range map[string][]string{"": {"x", "y", "z"}, "main": {"x", "y"}, "contrib": {"z"}} {
		r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{Components: strings.Fields(components), Architectures: nil})
		require.NoError(t, err)
		var got []string
		for s, err := range r.Sources(t.Context()) {
			require.NoError(t, err)
			got = append(got, s.Package)
		}
		require.ElementsMatch(t, want, got)
		read, total := r.Progress()
		require.Equal(t, total, read)
		require.Positive(t, read)
		packages := 0
		for _, err := range r.Packages(t.Context()) {
			require.NoError(t, err)
			packages++
		}
		require.Equal(t, components != "contrib", packages == 1)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "contrib/source/Sources"), []byte(sources("q", "1")), 0o600))
	r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{Components: []string{"contrib"}})
	require.NoError(t, err)
	var last error
	for _, last = range r.Sources(t.Context()) {
	}
	require.ErrorContains(t, last, "as Release says")
}

func FuzzReadSources(f *testing.F) {
	f.Add([]byte(sources("x", "1") + sources("y", "2")))
	f.Add([]byte("Package: a\nFiles:\n a b c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := readSources(string(data), deb.Options{})
		if err != nil {
			_, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
		}
		for _, s := range all {
			var b bytes.Buffer
			require.NoError(t, s.WriteBody(&b))
			require.True(t, json.Valid(b.Bytes()), fmt.Sprint(s))
		}
	})
}
