package rpm_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// repo is a repository that a test makes: the text of each of its files, and how they are named in repomd.xml.
type repo struct {
	primary, filelists, other string
	suffix                    string // ".gz" and so on
	edit                      func(repomd string) string
}

var compressors = map[string]func(io.Writer) (io.WriteCloser, error){
	".gz":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	".zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	".xz":  func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
}

func compress(t testing.TB, suffix, text string) []byte {
	open, ok := compressors[suffix]
	if !ok {
		return []byte(text)
	}
	var b bytes.Buffer
	w, err := open(&b)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// write makes the repository in a directory of its own.
func (r repo) write(t testing.TB) string {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "repodata"), 0o700))
	var md strings.Builder
	md.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1700000000</revision>
`)
	for _, f := range []struct{ kind, text string }{{"primary", r.primary}, {"filelists", r.filelists}, {"other", r.other}} {
		if f.text == "" {
			continue
		}
		stored := compress(t, r.suffix, f.text)
		href := "repodata/" + f.kind + ".xml" + r.suffix
		require.NoError(t, os.WriteFile(filepath.Join(dir, href), stored, 0o600))
		fmt.Fprintf(&md, `<data type=%q><checksum type="sha256">%x</checksum><open-checksum type="sha">%x</open-checksum>
<location href=%q/><timestamp>1700000000</timestamp><size>%d</size><open-size>%d</open-size></data>
`, f.kind, sha256.Sum256(stored), sha1.Sum([]byte(f.text)), href, len(stored), len(f.text))
	}
	md.WriteString("</repomd>\n")
	text := md.String()
	if r.edit != nil {
		text = r.edit(text)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", "repomd.xml"), []byte(text), 0o600))
	return dir
}

// result is what was read, each package by its body, and what was noted.
type result struct {
	bodies, notes []string
	err           error
}

func readRepo(ctx context.Context, location string) result { return readSkipping(ctx, location, 0) }

func readSkipping(ctx context.Context, location string, bad int) (r result) {
	repository, err := rpm.Open(ctx, location, rpm.Options{SkipBad: bad, Note: func(s string) { r.notes = append(r.notes, s) }})
	if err != nil {
		r.err = err
		return r
	}
	for p, err := range repository.Packages(ctx) {
		if err != nil {
			r.err = err
			break
		}
		var b bytes.Buffer
		_ = p.WriteBody(&b)
		r.bodies = append(r.bodies, b.String())
	}
	return r
}

func id(n int) string { return fmt.Sprintf("%064x", int64(1<<40)|int64(n)) }

const (
	primaryHead = `<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="3">
`
	filelistsHead = `<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="3">
`
	otherHead = `<otherdata xmlns="http://linux.duke.edu/metadata/other" packages="3">
`
)

func primaryOf(n int) string {
	return fmt.Sprintf(`<package type="rpm">
  <name>pkg%d</name>
  <arch>noarch</arch>
  <version epoch="0" ver="1.%d" rel="1.el9"/>
  <checksum type="sha256" pkgid="YES">%s</checksum>
  <summary>A &lt;package&gt;</summary>
  <description>It has
two lines &amp; more.</description>
  <packager></packager>
  <url>https://example.org/%d</url>
  <time file="1700000001" build="1700000000"/>
  <size package="1000" installed="2000" archive="3000"/>
  <location xml:base="https://cdn.example.org/" href="Packages/pkg%d.rpm"/>
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:vendor/>
    <rpm:group>Unspecified</rpm:group>
    <rpm:buildhost>build.example.org</rpm:buildhost>
    <rpm:sourcerpm>pkg-1.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="6724"/>
    <rpm:provides><rpm:entry name="pkg%d" flags="EQ" epoch="0" ver="1.%d" rel="1.el9"/></rpm:provides>
    <rpm:requires>
      <rpm:entry name="/bin/sh" pre="1"/>
      <rpm:entry name="a &gt; b" flags="GE" ver="2"></rpm:entry>
    </rpm:requires>
    <file>/usr/bin/pkg%d</file>
  </format>
</package>
`, n, n, id(n), n, n, n, n, n)
}

func filelistsOf(n int) string {
	return fmt.Sprintf(`<package pkgid="%s" name="pkg%d" arch="noarch">
  <version epoch="0" ver="1" rel="1"/>
  <file>/usr/bin/pkg%d</file>
  <file type="dir">/usr/share/pkg%d</file>
  <file type="ghost">/var/log/pkg%d &amp; co</file>
</package>
`, id(n), n, n, n, n)
}

func otherOf(n int) string {
	return fmt.Sprintf(`<package pkgid="%s" name="pkg%d" arch="noarch">
  <version epoch="0" ver="1" rel="1"/>
  <changelog author="A &lt;a@example.org&gt; - 1" date="1700000000">- fix %d</changelog>
  <changelog author="A &lt;a@example.org&gt; - 1" date="1600000000">- begin</changelog>
</package>
`, id(n), n, n)
}

// repoOf has the packages in the order of each list.
func repoOf(suffix string, primary, filelists, other []int) repo {
	r := repo{primary: primaryHead, filelists: filelistsHead, other: otherHead, suffix: suffix}
	for _, n := range primary {
		r.primary += primaryOf(n)
	}
	for _, n := range filelists {
		r.filelists += filelistsOf(n)
	}
	for _, n := range other {
		r.other += otherOf(n)
	}
	r.primary += "</metadata>\n"
	r.filelists += "</filelists>\n"
	r.other += "</otherdata>"
	return r
}

// bodyOf is package n as it must come out, with the files and changelogs of filelists and other.
func bodyOf(n int) string {
	return fmt.Sprintf(`{"pkgid":"%s","checksum_type":"sha256","name":"pkg%d","epoch":"0","version":"1.%d","release":"1.el9","arch":"noarch",`+
		`"summary":"A <package>","description":"It has\ntwo lines & more.","url":"https://example.org/%d","license":"MIT","group":"Unspecified",`+
		`"buildhost":"build.example.org","sourcerpm":"pkg-1.src.rpm","location_href":"Packages/pkg%d.rpm","location_base":"https://cdn.example.org/",`+
		`"time_file":1700000001,"time_build":1700000000,"size_package":1000,"size_installed":2000,"size_archive":3000,"header_start":4504,"header_end":6724,`+
		`"requires":[["/bin/sh","","","","","pre"],["a > b","GE","","2",""]],"provides":[["pkg%d","EQ","0","1.%d","1.el9"]],`+
		`"files":[["","/usr/bin/","pkg%d"],["dir","/usr/share/","pkg%d"],["ghost","/var/log/","pkg%d & co"]],`+
		`"changelogs":[["A <a@example.org> - 1",1700000000,"- fix %d"],["A <a@example.org> - 1",1600000000,"- begin"]]}`,
		id(n), n, n, n, n, n, n, n, n, n, n)
}

func bodiesOf(all ...int) (bodies []string) {
	for _, n := range all {
		bodies = append(bodies, bodyOf(n))
	}
	return bodies
}

func TestPackages(t *testing.T) {
	for _, suffix := range []string{"", ".gz", ".zst", ".xz"} {
		dir := repoOf(suffix, []int{1, 2, 3}, []int{1, 2, 3}, []int{1, 2, 3}).write(t)
		for _, at := range []string{dir, dir + "/", dir + "/repodata", dir + "/repodata/", dir + "/repodata/repomd.xml"} {
			require.Equal(t, result{bodies: bodiesOf(1, 2, 3)}, readRepo(t.Context(), at))
		}
	}
}

func TestPackagesHTTP(t *testing.T) {
	dir := repoOf(".gz", []int{1, 2, 3}, []int{1, 2, 3}, []int{1, 2, 3}).write(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("token") != "t" {
			http.Error(w, "who are you?", http.StatusForbidden)
			return
		}
		http.FileServer(http.Dir(dir)).ServeHTTP(w, r)
	}))
	defer s.Close()
	for _, at := range []string{s.URL, s.URL + "/", s.URL + "/repodata/repomd.xml"} {
		require.Equal(t, result{bodies: bodiesOf(1, 2, 3)}, readRepo(t.Context(), at+"?token=t"))
	}
	require.ErrorContains(t, readRepo(t.Context(), s.URL+"?token=wrong").err, s.URL+"/repodata/repomd.xml?xxxxx: server answered 403")
}

// TestOrders: whatever the orders, every package comes out whole, in that of primary.
func TestOrders(t *testing.T) {
	for _, c := range []struct{ primary, filelists, other []int }{
		{[]int{1, 2, 3}, []int{3, 2, 1}, []int{2, 3, 1}},
		{[]int{1, 2, 1}, []int{2, 1, 1}, []int{1, 1, 2}}, // one of them twice
		{[]int{5, 4, 3, 2, 1}, []int{1, 2, 3, 4, 5}, []int{1, 3, 5, 2, 4}},
		{[]int{1, 1, 2}, []int{2, 1, 1}, []int{2, 1, 1}},
	} {
		temp := t.TempDir()
		t.Setenv("TMPDIR", temp)
		got := readRepo(t.Context(), repoOf(".gz", c.primary, c.filelists, c.other).write(t))
		require.NoError(t, got.err)
		require.Equal(t, bodiesOf(c.primary...), got.bodies)
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// TestManyInOtherOrder has packages of every size in the temporary file, and two whose pkgids begin alike.
func TestManyInOtherOrder(t *testing.T) {
	var head, files strings.Builder
	var ids []int
	for n := range 120 {
		ids = append(ids, n)
		head.WriteString(primaryOf(n))
	}
	slices.Reverse(ids)
	for _, n := range ids {
		fmt.Fprintf(&files, "<package pkgid=%q name='x' arch='y'>", id(n))
		for i := range n * n / 2 {
			fmt.Fprintf(&files, "<file>/usr/share/%d/%d</file>", n, i*7919)
		}
		files.WriteString("</package>")
	}
	r := repo{primary: primaryHead + head.String() + "</metadata>", filelists: filelistsHead + files.String() + "</filelists>"}
	repository, err := rpm.Open(t.Context(), r.write(t), rpm.Options{})
	require.NoError(t, err)
	n := 0
	for p, err := range repository.Packages(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, n*n/2, p.Files.Len())
		i := 0
		for f := range p.Files.All() {
			if want := (rpm.File{Dir: fmt.Sprintf("/usr/share/%d/", n), Name: fmt.Sprint(i * 7919)}); f != want {
				t.Fatalf("want %v, got %v", want, f)
			}
			i++
		}
		n++
	}
	require.Equal(t, 120, n)
}

func TestNotes(t *testing.T) {
	whole := repoOf(".gz", []int{1, 2, 3}, []int{1, 2, 3}, []int{1, 2, 3})
	only := whole
	only.filelists, only.other = "", ""
	got := readRepo(t.Context(), only.write(t))
	require.NoError(t, got.err)
	require.Len(t, got.notes, 2)
	require.Contains(t, got.notes[0], "repomd.xml names no filelists")
	require.Contains(t, got.notes[1], "repomd.xml names no other")
	require.Contains(t, got.bodies[0], `"files":[["","/usr/bin/","pkg1"]]}`, "the files that primary names")

	got = readRepo(t.Context(), repoOf("", []int{1, 2}, []int{2, 9, 1}, []int{8, 1, 2, 7}).write(t))
	require.NoError(t, got.err)
	require.Equal(t, bodiesOf(1, 2), got.bodies)
	require.Len(t, got.notes, 3)
	require.Contains(t, got.notes[0], "filelists.xml has 1 packages that primary has not: they are left out")
	require.Contains(t, got.notes[1], "other.xml has 2 packages")
	require.Contains(t, got.notes[2], "primary.xml says that it has 3 packages and has 2")
}

func TestRefused(t *testing.T) {
	whole := repoOf(".gz", []int{1, 2, 3}, []int{1, 2, 3}, []int{1, 2, 3})
	replace := func(from, to string) func(string) string {
		return func(md string) string {
			require.Contains(t, md, from)
			return strings.Replace(md, from, to, 1)
		}
	}
	plain := whole
	plain.suffix = ""
	inPrimary := func(from, to string) repo {
		r := plain
		require.Contains(t, r.primary, from)
		r.primary = strings.Replace(r.primary, from, to, 1)
		return r
	}
	edited := func(edit func(string) string) repo {
		r := whole
		r.edit = edit
		return r
	}
	for want, r := range map[string]repo{
		"repomd.xml: names no primary, so there are no packages":       edited(replace(`type="primary"`, `type="primary_db"`)),
		"repomd.xml: has primary as zchunk alone (.zck)":               edited(replace("primary.xml.gz", "primary.xml.zck")),
		"has filelists as zchunk alone (.zck), which is not supported": edited(replace(`type="filelists"`, `type="filelists_zck"`)),
		"primary.xml.gz: has the sha256 ": edited(func(md string) string {
			i := strings.Index(md, `"sha256">`) + len(`"sha256">`)
			return md[:i] + strings.Repeat("0", 64) + md[i+64:]
		}),
		"after decompression, as repomd.xml says":                      edited(replace("<open-size>", "<open-size>1")),
		"leads out of the repository":                                  edited(replace(`href="repodata/p`, `href="../p`)),
		"repomd.xml: at byte":                                          edited(replace(`</repomd>`, ``)),
		"checksums of type \"crc32\" are not supported":                edited(replace(`type="sha256"`, `type="crc32"`)),
		"seems to be an HTML page":                                     edited(func(string) string { return "<!DOCTYPE html><html>" }),
		"x\" is no number of bytes":                                    edited(replace("</size>", "x</size>")),
		`location: href: "../pkg1.rpm" leads out of the repository`:    {},
		"<package> is inside the text of another element":              {},
		`has no checksum, in the package "pkg1"`:                       inPrimary(`<checksum type="sha256" pkgid="YES">`+id(1)+"</checksum>", ""),
		"a package has no name":                                        inPrimary("<name>pkg1</name>", ""),
		`has no location, in the package "pkg1"`:                       inPrimary(`<location xml:base="https://cdn.example.org/" href="Packages/pkg1.rpm"/>`, ""),
		`"12x" is no number`:                                           inPrimary(`installed="2000"`, `installed="12x"`),
		"begins with <package> and not with <metadata>":                inPrimary(primaryHead, ""),
		"has nothing of the package pkg3, which primary has: " + id(3): repoOf("", []int{1, 2, 3}, []int{1, 2}, []int{1, 2, 3}),
		"filelists.xml: at byte":                                       repoOf("", []int{1, 3, 2}, []int{2, 1}, []int{1, 2, 3}),
		"NUL":                                                          inPrimary("two lines", "two\x00lines"),
		"DOCTYPE":                                                      inPrimary("<metadata", "<!DOCTYPE m [<!ENTITY a 'b'>]><metadata"),
		"the entity &a; is not defined":                                inPrimary("two lines", "two&a;lines"),
	} {
		switch want {
		case `location: href: "../pkg1.rpm" leads out of the repository`:
			r, want = inPrimary("Packages/pkg1.rpm", "../pkg1.rpm"), `href: "../pkg1.rpm" leads out of the repository`
		case "<package> is inside the text of another element":
			r = plain
			r.filelists = strings.Replace(r.filelists, "n/pkg1</file>", "", 1)
			i := strings.Index(r.filelists, "</package>\n") + len("</package>\n")
			j := strings.Index(r.filelists, "<file>/usr/bi") + len("<file>/usr/bi")
			r.filelists = r.filelists[:j] + r.filelists[i:]
		}
		got := readRepo(t.Context(), r.write(t))
		require.ErrorContains(t, got.err, want)
		require.NotContains(t, got.err.Error(), "\n")
		in, ok := errors.AsType[*contentmodel.InputError](got.err)
		require.True(t, ok)
		require.NotEmpty(t, in.Remedy)
	}
}

// TestCut cuts each file at every byte: an error, and what came before it is right.
func TestCut(t *testing.T) {
	want := bodiesOf(1, 2)
	for suffix, step := range map[string]int{"": 1, ".gz": 5, ".zst": 7} {
		dir := repoOf(suffix, []int{1, 2}, []int{1, 2}, []int{2, 1}).write(t)
		// Without what repomd.xml says of them: the end itself must show.
		noSums := filepath.Join(dir, "repodata", "repomd.xml")
		require.NoError(t, os.WriteFile(noSums, []byte(strings.ReplaceAll("<repomd><data type='primary'><location href='repodata/primary.xmlS'/></data>"+
			"<data type='filelists'><location href='repodata/filelists.xmlS'/></data><data type='other'><location href='repodata/other.xmlS'/></data></repomd>", "S", suffix)), 0o600))
		for _, kind := range []string{"primary", "filelists", "other"} {
			path := filepath.Join(dir, "repodata", kind+".xml"+suffix)
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			end := len(bytes.TrimRight(whole, "\n"))
			for n := 0; n < end; n += step {
				require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
				got := readRepo(t.Context(), dir)
				require.ErrorIs(t, got.err, io.ErrUnexpectedEOF, "%s cut at %d", path, n)
				require.ErrorContains(t, got.err, path)
				require.Equal(t, append([]string(nil), want[:len(got.bodies)]...), got.bodies, "cut at %d", n)
			}
			require.NoError(t, os.WriteFile(path, whole, 0o600))
		}
		got := readRepo(t.Context(), dir)
		require.NoError(t, got.err)
		require.Equal(t, want, got.bodies)
	}
}

func TestStops(t *testing.T) {
	dir := repoOf(".gz", []int{1, 2, 3}, []int{3, 2, 1}, []int{1, 2, 3}).write(t)
	repository, err := rpm.Open(t.Context(), dir, rpm.Options{})
	require.NoError(t, err)
	for range repository.Packages(t.Context()) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range repository.Packages(ctx) {
		if n++; n == 1 {
			cancel()
			continue
		}
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, 2, n)
	for p, err := range repository.Packages(t.Context()) { // again
		require.NoError(t, err)
		require.NotEmpty(t, p.Name)
	}
	read, total := repository.Progress()
	require.Equal(t, total, read)
	require.Positive(t, total)
	require.Equal(t, dir, repository.Name())
	require.Len(t, repository.Records(), 3)
}

// FuzzPackages: no input makes a panic, a hang, or a package without its key.
func FuzzPackages(f *testing.F) {
	r := repoOf("", []int{1, 2}, []int{2, 1}, []int{1, 2})
	f.Add(r.primary, r.filelists, r.other)
	f.Add(r.primary, "", "")
	dir := f.TempDir()
	require.NoError(f, os.Mkdir(filepath.Join(dir, "repodata"), 0o700))
	f.Fuzz(func(t *testing.T, primary, filelists, other string) {
		md := "<repomd>"
		for kind, text := range map[string]string{"primary": primary, "filelists": filelists, "other": other} {
			if text != "" || kind == "primary" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", kind+".xml"), []byte(text), 0o600))
				md += fmt.Sprintf("<data type=%q><location href='repodata/%s.xml'/></data>", kind, kind)
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "repodata", "repomd.xml"), []byte(md+"</repomd>"), 0o600))
		repository, err := rpm.Open(t.Context(), dir, rpm.Options{})
		require.NoError(t, err)
		for p, err := range repository.Packages(t.Context()) {
			if err != nil {
				_, ok := errors.AsType[*contentmodel.InputError](err)
				require.True(t, ok, err)
				continue
			}
			require.NotEmpty(t, p.Key())
			require.NoError(t, p.WriteBody(io.Discard))
		}
	})
}

// TestRoot: whichever part of the repository was named.
func TestRoot(t *testing.T) {
	dir := repo{primary: primaryHead + "</metadata>"}.write(t)
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	for location, want := range map[string]string{
		dir:                             dir,
		dir + "/repodata/repomd.xml":    dir,
		server.URL + "/repodata/?key=1": server.URL + "?key=1",
		server.URL + "/repodata/repomd.xml?key=1": server.URL + "?key=1",
	} {
		r, err := rpm.Open(t.Context(), location, rpm.Options{})
		require.NoError(t, err)
		require.Equal(t, want, r.Root(), location)
	}
}
