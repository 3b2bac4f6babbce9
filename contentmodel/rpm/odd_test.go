package rpm_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// oneAs is a repository of package 1 alone, with a part of primary in another form.
func oneAs(t *testing.T, from, to string) repo {
	r := repoOf(".gz", []int{1}, []int{1}, []int{1})
	require.Contains(t, r.primary, from)
	r.primary = strings.Replace(r.primary, from, to, 1)
	return r
}

// TestOddIsRead: what real repositories have and is read: how the body of the package then differs from the usual one.
func TestOddIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		r        repo
		old, new string // in the body
	}{
		"no epoch":               {oneAs(t, `<version epoch="0" `, `<version `), `"epoch":"0","version"`, `"version"`},
		"packages absent":        {oneAs(t, ` packages="3"`, ``), "", ""},
		"packages no number":     {oneAs(t, ` packages="3"`, ` packages="many"`), "", ""},
		"control characters":     {oneAs(t, "two lines", "\x01two\x1b[31m lines"), `two lines`, `\u0001two\u001b[31m lines`},
		"no UTF-8":               {oneAs(t, "two lines", "caf\xe9"), `two lines`, `caf\udce9`},
		"relative base":          {oneAs(t, "https://cdn.example.org/", "os/"), "https://cdn.example.org/", "os/"},
		"no base":                {oneAs(t, ` xml:base="https://cdn.example.org/"`, ""), `"location_base":"https://cdn.example.org/",`, ""},
		"an href of its own":     {oneAs(t, `href="Packages/`, `href="https://other.example.org/`), `"location_href":"Packages/`, `"location_href":"https://other.example.org/`},
		"pkgid by sha":           {oneAs(t, "", ""), "", ""},
		"elements nobody knows":  {oneAs(t, "<rpm:license>", "<rpm:new><a b='c'/></rpm:new><rpm:license>"), "", ""},
		"a name that is no path": {oneAs(t, "<name>pkg1</name>", "<name>../../pkg1</name>"), `"name":"pkg1"`, `"name":"../../pkg1"`},
	} {
		if name == "pkgid by sha" {
			short := strings.Repeat("ab", 20)
			for _, text := range []*string{&c.r.primary, &c.r.filelists, &c.r.other} {
				*text = strings.ReplaceAll(strings.ReplaceAll(*text, id(1), short), `type="sha256"`, `type="sha"`)
			}
			c.old, c.new = `"pkgid":"`+id(1)+`","checksum_type":"sha256"`, `"pkgid":"`+short+`","checksum_type":"sha1"`
		}
		got := readRepo(t.Context(), c.r.write(t))
		require.NoError(t, got.err, name)
		require.Contains(t, bodyOf(1), c.old, name)
		require.Equal(t, []string{strings.Replace(bodyOf(1), c.old, c.new, 1)}, got.bodies, name)
	}
}

// TestSumsOfOtherKinds: repomd.xml may have checksums of any hash, and of an empty file after an upload that broke.
func TestSumsOfOtherKinds(t *testing.T) {
	whole := repoOf("", []int{1}, []int{1}, []int{1})
	for want, sum := range map[string]string{
		"": fmt.Sprintf(`"sha512">%x`, sha512.Sum512([]byte(whole.primary))),
		"and not " + fmt.Sprintf("%x", sha256.Sum256(nil)) + " (that of an empty file), as repomd.xml says": fmt.Sprintf(`"sha256">%x`, sha256.Sum256(nil)),
	} {
		r := whole
		r.edit = func(md string) string {
			return strings.Replace(md, fmt.Sprintf(`"sha256">%x`, sha256.Sum256([]byte(whole.primary))), sum, 1)
		}
		got := readRepo(t.Context(), r.write(t))
		if want == "" {
			require.NoError(t, got.err)
			require.Equal(t, bodiesOf(1), got.bodies)
			continue
		}
		require.ErrorContains(t, got.err, want)
	}
}

// TestSameTwice: one pkgid twice, and one name, version and architecture with two of them. Files are never doubled or lost.
func TestSameTwice(t *testing.T) {
	got := readRepo(t.Context(), repoOf("", []int{1, 2}, []int{1, 1, 2}, []int{1, 2, 2}).write(t))
	require.NoError(t, got.err)
	require.Equal(t, bodiesOf(1, 2), got.bodies)
	require.Contains(t, got.notes[0], "filelists.xml has 1 packages that primary has not")
	require.Contains(t, got.notes[1], "other.xml has 1 packages that primary has not")

	r := repoOf("", []int{1, 1}, []int{1}, []int{1, 1})
	got = readRepo(t.Context(), r.write(t))
	require.ErrorContains(t, got.err, "filelists.xml: at byte")
	require.ErrorContains(t, got.err, "has nothing of the package pkg1, which primary has: "+id(1))
	require.Equal(t, bodiesOf(1), got.bodies)
	got = readSkipping(t.Context(), r.write(t), 1)
	require.NoError(t, got.err)
	require.Equal(t, bodiesOf(1), got.bodies)

	r = repoOf("", []int{1, 2}, []int{2, 1}, []int{1, 2})
	r.primary = strings.ReplaceAll(strings.ReplaceAll(r.primary, "<name>pkg2", "<name>pkg1"), `ver="1.2" rel="1.el9"/>`+"\n  <checksum", `ver="1.1" rel="1.el9"/>`+"\n  <checksum")
	repository, err := rpm.Open(t.Context(), r.write(t), rpm.Options{})
	require.NoError(t, err)
	keys := map[string]string{}
	for p, err := range repository.Packages(t.Context()) {
		require.NoError(t, err)
		keys[p.Key()] = p.String()
	}
	require.Equal(t, map[string]string{id(1): "pkg1-1.1-1.el9.noarch", id(2): "pkg1-1.1-1.el9.noarch"}, keys)
}

// TestBaseOfMetadata: where the metadata itself is, may be elsewhere; but nobody's own disk, if a server says so.
func TestBaseOfMetadata(t *testing.T) {
	whole := repoOf(".gz", []int{1}, []int{1}, []int{1})
	dir := whole.write(t)
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer s.Close()
	based := func(base string) repo {
		r := whole
		r.edit = func(md string) string { return strings.ReplaceAll(md, "<location ", `<location xml:base="`+base+`" `) }
		return r
	}
	for _, base := range []string{s.URL, s.URL + "/", "file://" + dir, "."} {
		at := based(base).write(t)
		if base != "." {
			require.NoError(t, os.Remove(filepath.Join(at, "repodata/primary.xml.gz")))
		}
		got := readRepo(t.Context(), at)
		require.NoError(t, got.err, base)
		require.Equal(t, bodiesOf(1), got.bodies)
	}
	at := based("deeper/down/").write(t)
	require.NoError(t, os.MkdirAll(filepath.Join(at, "deeper/down"), 0o700))
	require.NoError(t, os.CopyFS(filepath.Join(at, "deeper/down"), os.DirFS(dir)))
	require.NoError(t, os.Remove(filepath.Join(at, "repodata/primary.xml.gz")))
	got := readRepo(t.Context(), at)
	require.NoError(t, got.err)
	require.Equal(t, bodiesOf(1), got.bodies)

	for _, base := range []string{"..", "a/../..", "/etc", `a\b`} {
		require.ErrorContains(t, readRepo(t.Context(), based(base).write(t)).err, "leads out of the repository", base)
	}
	remote := httptest.NewServer(http.FileServer(http.Dir(based("FILE://" + dir).write(t))))
	defer remote.Close()
	require.ErrorContains(t, readRepo(t.Context(), remote.URL).err, "repomd.xml: names FILE://"+dir+"/repodata/primary.xml.gz, which is on this machine and not on the server")
}

// TestCompressedTwice: what a mirror made of it, or a tool.
func TestCompressedTwice(t *testing.T) {
	r := repoOf(".gz", []int{1}, []int{1}, []int{1})
	r.primary = string(compress(t, ".gz", r.primary))
	require.ErrorContains(t, readRepo(t.Context(), r.write(t)).err, "seems to be gzip data inside compressed data; decompress it once")

	dir := repoOf(".gz", []int{1}, []int{1}, []int{1}).write(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".gz") {
			w.Header().Set("Content-Encoding", "x-gzip") // of what it has, not of what it sends
		}
		http.FileServer(http.Dir(dir)).ServeHTTP(w, r)
	}))
	defer s.Close()
	got := readRepo(t.Context(), s.URL)
	require.NoError(t, got.err)
	require.Equal(t, bodiesOf(1), got.bodies)
}
