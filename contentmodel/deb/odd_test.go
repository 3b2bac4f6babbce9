package deb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/deb"
)

// TestSameVersionTwice: with another hash it is another package, and a whole paragraph twice is the same one.
func TestSameVersionTwice(t *testing.T) {
	whole := "Package: a\n" + need
	other := strings.Replace(strings.Replace(whole, digest, strings.Repeat("1", 64), 1), "pool/x", "pool/y", 1)
	pkgs, err := readAll(t, strings.NewReader(whole+"\n"+other+"\n"+whole))
	require.NoError(t, err)
	require.Len(t, pkgs, 3)
	require.NotEqual(t, pkgs[0].Key(), pkgs[1].Key())
	require.Equal(t, pkgs[0].Key(), pkgs[2].Key())
	require.Equal(t, pkgs[0], pkgs[2])
}

// TestForeignText: whatever somebody folded into a description is a part of it, and of nothing else.
func TestForeignText(t *testing.T) {
	pkgs, err := readAll(t, strings.NewReader("Package: a\nDescription: b\n Package: evil\n SHA256: 12\n .\n \x1b[31m\n -----BEGIN PGP SIGNATURE-----\n"+need))
	require.NoError(t, err)
	require.Len(t, pkgs, 1)
	require.Equal(t, "b\n Package: evil\n SHA256: 12\n .\n \x1b[31m\n -----BEGIN PGP SIGNATURE-----", pkgs[0].Description)
}

// TestWeakSums: a paragraph whose only checksums are ones that nobody should trust can't be used.
func TestWeakSums(t *testing.T) {
	for _, sums := range []string{"", "MD5sum: 0123456789abcdef0123456789abcdef\n", "SHA1: 0123456789abcdef0123456789abcdef01234567\n"} {
		_, err := readAll(t, strings.NewReader(strings.Replace("Package: a\n"+need, "SHA256: "+digest+"\n", sums, 1)))
		require.ErrorContains(t, err, `P:1: package "a" has no SHA256 nor SHA512`)
	}
}

// TestFlat: a repository without components, whose names repeat the directory that it is in, or begin with a dot.
func TestFlat(t *testing.T) {
	text := strings.Replace(stanza("a"), "pool/x.deb", "flat/x.deb", 1) + strings.Replace(stanza("b"), "pool/x.deb", "./x.deb", 1)
	for name, components := range map[string]string{"empty": "Components:", "absent": "X-None: 1", "a dot": "Components: ."} {
		s := suite{"Packages": text}
		dir := filepath.Join(t.TempDir(), "flat")
		s.write(t, dir)
		release := strings.Replace(s.release(""), "Components: main contrib", components, 1)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(release), 0o600))
		r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{})
		require.NoError(t, err, name)
		var files []string
		for p, err := range r.Packages(t.Context()) {
			require.NoError(t, err)
			files = append(files, p.Filename)
		}
		require.Equal(t, []string{"flat/x.deb", "x.deb"}, files)
	}
}

// TestOnlyAnotherForm: what the Release lists as .bz2 alone is not taken from a .gz that it says nothing of.
func TestOnlyAnotherForm(t *testing.T) {
	dir := t.TempDir()
	suite{"m/binary-all/Packages.gz": gz(t, stanza("a"))}.write(t, dir)
	listed := suite{"m/binary-all/Packages.bz2": "x"}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(listed.release("")), 0o600))
	_, _, err := names(t.Context(), dir, deb.RepositoryOptions{})
	require.ErrorContains(t, err, "Packages.bz2: no such file or directory")
	listed["m/binary-all/Packages"] = stanza("a") // with what the plain one has said, it can be compared
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(listed.release("")), 0o600))
	got, _, err := names(t.Context(), dir, deb.RepositoryOptions{})
	require.NoError(t, err)
	require.Equal(t, "a", got)
}

// TestCutAnywhere: a Release with its lists ends an index that was cut at any byte; without, what is read of it is right.
func TestCutAnywhere(t *testing.T) {
	s := suite{"Packages": stanza("a") + stanza("b")}
	dir := t.TempDir()
	s.write(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(s.release("")), 0o600))
	whole := s["Packages"]
	for n := range whole {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Packages"), []byte(whole[:n]), 0o600))
		got, _, err := names(t.Context(), dir, deb.RepositoryOptions{})
		require.Error(t, err, "cut at %d", n)
		require.True(t, strings.HasPrefix("ab", got))
	}
	release := s.release("")
	for n := range release { // a shorter list, or an error; never another package
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Packages"), []byte(whole), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(release[:n]), 0o600))
		got, _, err := names(t.Context(), dir, deb.RepositoryOptions{})
		require.True(t, err != nil || got == "ab", "cut at %d: %s", n, got)
	}
}
