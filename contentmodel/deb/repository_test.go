package deb_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
)

// suite is a Debian suite that a test makes: its files by their names below the Release.
type suite map[string]string

func gz(t testing.TB, s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, s)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func stanza(name string) string { return "Package: " + name + "\n" + need + "\n" }

// release lists the files under MD5Sum and SHA256.
func (s suite) release(more string) string {
	text := "Origin: Test\nSuite: stable\nCodename: test\nDate: now\nComponents: main contrib\nArchitectures: amd64 arm64\nAcquire-By-Hash: no\n" + more
	for _, list := range []string{"MD5Sum", "SHA256"} {
		text += list + ":\n"
		for name, data := range s {
			if list == "MD5Sum" {
				text += fmt.Sprintf(" %x %8d %s\n", md5.Sum([]byte(data)), len(data), name)
			} else {
				text += fmt.Sprintf(" %x %8d %s\n", sha256.Sum256([]byte(data)), len(data), name)
			}
		}
	}
	return text
}

func (s suite) write(t testing.TB, dir string) {
	for name, data := range s {
		at := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
		require.NoError(t, os.WriteFile(at, []byte(data), 0o600))
	}
}

func sign(s string) string {
	return "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + strings.ReplaceAll(s, "\n-", "\n- -") + "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"
}

// names reads a repository and gives the names of its packages.
func names(ctx context.Context, location string, o deb.RepositoryOptions) (names string, notes []string, err error) {
	o.Note = func(s string) { notes = append(notes, s) }
	r, err := deb.Open(ctx, location, o)
	if err != nil {
		return "", notes, err
	}
	for p, err := range r.Packages(ctx) {
		if err != nil {
			return names, notes, err
		}
		names += p.Package
	}
	return names, notes, nil
}

// debian has two components and two architectures, some indices plain and compressed, and files of other kinds.
func debian(t testing.TB) suite {
	s := suite{}
	for i, index := range []string{"main/binary-amd64", "main/binary-arm64", "contrib/binary-amd64", "contrib/binary-arm64"} {
		text := stanza(fmt.Sprintf("p%d", i))
		s[index+"/Packages"] = text
		s[index+"/Packages.gz"] = gz(t, text)
		s[index+"/Release"] = "Component: x\n"
	}
	s["main/source/Sources"] = "Package: s\n"
	s["Contents-amd64.gz"] = gz(t, "usr/bin/x p0\n")
	return s
}

func TestRepository(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "dists", "test")
	s := debian(t)
	s.write(t, dir)
	for name, text := range map[string]string{"Release": s.release(""), "InRelease": sign(s.release("Label: x\n-odd: y\n"))} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		for _, c := range []struct {
			at   string
			o    deb.RepositoryOptions
			want string
		}{
			{root, deb.RepositoryOptions{Suite: "test", Components: []string{"main"}, Architectures: []string{"arm64"}}, "p1"},
			{dir, deb.RepositoryOptions{Components: []string{"contrib"}, Architectures: []string{"amd64"}}, "p2"},
			{dir + "/" + name, deb.RepositoryOptions{Components: []string{"contrib"}, Architectures: []string{"amd64"}}, "p2"},
		} {
			got, notes, err := names(t.Context(), c.at, c.o)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.Empty(t, notes)
		}
		got, _, err := names(t.Context(), dir, deb.RepositoryOptions{})
		require.NoError(t, err)
		require.Len(t, got, 8, "all of them: %s", got)
	}
	r, err := deb.Open(t.Context(), root, deb.RepositoryOptions{Suite: "test"})
	require.NoError(t, err)
	require.Equal(t, "stable", r.Release().Suite)
	require.Equal(t, []string{"main", "contrib"}, r.Release().Components)
	require.Len(t, r.Indices(), 4)
	for range r.Packages(t.Context()) {
		break
	}
	for _, err := range r.Packages(t.Context()) {
		require.NoError(t, err)
	}
	read, total := r.Progress()
	require.Equal(t, total, read)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range r.Packages(ctx) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// TestAllOnce: a package for all architectures is in each index, and comes once; another of its name is another, and so is
// one that an index has twice.
func TestAllOnce(t *testing.T) {
	amd64 := strings.ReplaceAll(stanza("native"), ": all", ": amd64")
	s := suite{
		"main/binary-all/Packages":      stanza("doc"),
		"main/binary-amd64/Packages":    stanza("doc") + stanza("twice") + amd64 + stanza("twice") + strings.Replace(stanza("doc"), "Version: 1", "Version: 2", 1),
		"main/binary-arm64/Packages":    stanza("twice") + stanza("only-arm") + strings.ReplaceAll(amd64, "amd64", "arm64") + stanza("doc"),
		"contrib/binary-amd64/Packages": stanza("doc") + amd64,
	}
	dir := t.TempDir()
	s.write(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(s.release("")), 0o600))
	r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{})
	require.NoError(t, err)
	for range 2 { // each range anew
		count := map[string]int{}
		for p, err := range r.Packages(t.Context()) {
			require.NoError(t, err)
			count[p.Package+" "+p.Version+" "+p.Architecture]++
		}
		twice := count["twice 1 all"]
		delete(count, "twice 1 all")
		require.Equal(t, map[string]int{"doc 1 all": 1, "doc 2 all": 1, "only-arm 1 all": 1, "native 1 amd64": 2, "native 1 arm64": 1}, count)
		require.Contains(t, []int{1, 2}, twice, "the index that has it twice may come first")
	}
}

// TestSkipBadOfAll: so many may be left out of all indices together.
func TestSkipBadOfAll(t *testing.T) {
	bad := stanza("b") + "Package: odd\nSize: x\n" + need + "\n"
	s := suite{"main/binary-amd64/Packages": bad, "main/binary-arm64/Packages": strings.ReplaceAll(bad, "Version: 1", "Version: 2")}
	dir := t.TempDir()
	s.write(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(s.release("")), 0o600))
	for skip, want := range map[int]string{0: "b", 1: "bb", 2: "bb"} {
		o := deb.RepositoryOptions{}
		o.SkipBad = skip
		got, notes, err := names(t.Context(), dir, o)
		require.Equal(t, want, got)
		require.Len(t, notes, skip)
		require.Equal(t, skip < 2, err != nil, "%v", err)
	}
}

// TestForms: whichever form of an index is there is read, and compared with what is known of it.
func TestForms(t *testing.T) {
	text := stanza("a")
	for name, c := range map[string]struct{ listed, there suite }{
		"listed plain, there as gz":  {suite{"m/binary-all/Packages": text}, suite{"m/binary-all/Packages.gz": gz(t, text)}},
		"listed gz and xz, gz there": {suite{"m/binary-all/Packages.xz": "x", "m/binary-all/Packages.gz": gz(t, text)}, suite{"m/binary-all/Packages.gz": gz(t, text)}},
		"flat":                       {suite{"Packages": text}, suite{"Packages": text}},
		"flat, with a dot":           {suite{"./Packages.gz": gz(t, text)}, suite{"Packages.gz": gz(t, text)}},
		"flat, no Release":           {nil, suite{"Packages.gz": gz(t, text)}},
	} {
		dir := t.TempDir()
		c.there.write(t, dir)
		if c.listed != nil {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(c.listed.release("")), 0o600))
		}
		got, notes, err := names(t.Context(), dir, deb.RepositoryOptions{})
		require.NoError(t, err, name)
		require.Equal(t, "a", got)
		require.Equal(t, c.listed == nil, len(notes) == 1, name)
	}
}

// TestByHash: while a mirror is updated, the name leads to a newer file than the Release lists.
func TestByHash(t *testing.T) {
	old, now := gz(t, stanza("old")), gz(t, stanza("now"))
	listed := suite{"main/binary-all/Packages.gz": old}
	dir := t.TempDir()
	suite{
		"main/binary-all/Packages.gz": now,
		"main/binary-all/by-hash/SHA256/" + fmt.Sprintf("%x", sha256.Sum256([]byte(old))): old,
		"InRelease": sign(strings.Replace(listed.release(""), "By-Hash: no", "By-Hash: yes", 1)),
	}.write(t, dir)
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer s.Close()
	for _, at := range []string{dir, s.URL} {
		got, _, err := names(t.Context(), at, deb.RepositoryOptions{})
		require.NoError(t, err)
		require.Equal(t, "old", got)
	}
	suite{"InRelease": sign(listed.release(""))}.write(t, dir)
	_, _, err := names(t.Context(), s.URL, deb.RepositoryOptions{})
	require.ErrorContains(t, err, s.URL+"/main/binary-all/Packages.gz:8: has the sha256 ")
	require.ErrorContains(t, err, "as InRelease says")
}

func TestOddRelease(t *testing.T) {
	s := suite{"Packages": stanza("a")}
	dir := t.TempDir()
	s.write(t, dir)
	suite{"Release": strings.Replace(s.release(""), "SHA256:", "SHA256", 1) + " 0123\n"}.write(t, dir)
	got, notes, err := names(t.Context(), dir, deb.RepositoryOptions{})
	require.NoError(t, err)
	require.Equal(t, "a", got)
	require.Len(t, notes, 2)
	require.Contains(t, notes[0], "Release:10: SHA256 has no colon behind it")
	require.Contains(t, notes[1], "has no checksum, size and name, and is left out")

	for want, text := range map[string]string{
		`lists no index for "x"; it has the components main, contrib and the architectures amd64, arm64`: s.release(""),
		"has no fields":                                       "",
		"lists no index of packages":                          suite{"a": "b"}.release(""),
		"ends before the signature: unexpected EOF":           sign(s.release(""))[:300],
		"has 300 bytes in one list and ":                      s.release("SHA1:\n " + strings.Repeat("0", 40) + " 300 Packages\n"),
		`path "../Packages" has a ".."`:                       s.release("SHA1:\n " + strings.Repeat("0", 40) + " 300 ../Packages\n"),
		"not a sha1":                                          s.release("SHA1:\n 00 300 Packages\n"),
		"the input seems to be an HTML page":                  "<!DOCTYPE html>\n<html>",
		"Release:2: has a NUL byte":                           strings.Replace(s.release(""), "\n", "\nLabel: a\x00b\n", 1),
		"as Release says":                                     strings.Replace(s.release(""), fmt.Sprintf("%x", sha256.Sum256([]byte(s["Packages"]))), strings.Repeat("0", 64), 1),
		"Packages: no such file or directory; check the path": suite{"main/binary-x/Packages": "x"}.release(""),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(text), 0o600))
		o := deb.RepositoryOptions{}
		if strings.Contains(want, `"x"`) {
			o.Components = []string{"x"}
		}
		_, _, err := names(t.Context(), dir, o)
		require.ErrorContains(t, err, want)
		_, ok := errors.AsType[*contentmodel.InputError](err)
		require.True(t, ok)
	}
	_, _, err = names(t.Context(), dir, deb.RepositoryOptions{Suite: "none"})
	require.ErrorContains(t, err, "none/Release: no such file")
}

// FuzzRelease: no Release makes a panic, or leads out of the repository.
func FuzzRelease(f *testing.F) {
	s := suite{"Packages": stanza("a")}
	f.Add(s.release(""))
	f.Add(sign(s.release("")))
	dir := f.TempDir()
	s.write(f, dir)
	f.Fuzz(func(t *testing.T, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(text), 0o600))
		r, err := deb.Open(t.Context(), dir, deb.RepositoryOptions{})
		if err != nil {
			_, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
			return
		}
		for _, name := range r.Indices() {
			require.True(t, filepath.IsLocal(name), name)
		}
	})
}
