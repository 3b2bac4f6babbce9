package deb_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
)

const digest = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

// need is what a package must have besides its name.
const need = "Version: 1\nArchitecture: all\nFilename: pool/x.deb\nSize: 5\nSHA256: " + digest + "\n"

func readAll(t testing.TB, r io.Reader) (pkgs []*deb.Package, err error) {
	for p, e := range deb.ReadPackages("P", r) {
		require.NoError(t, err, "something followed the error")
		if e != nil {
			require.Nil(t, p)
			err = e
			continue
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, err
}

func TestReadPackages(t *testing.T) {
	index := `
# comment
Package: first
version: 1:2.0~rc1-3+b1
ARCHITECTURE: amd64
Installed-Size: 42
Depends:  libc6 (>= 2.36),
	other,
 third
Description: short
 long
 .
 more` + " \t" + `
X-Other: a: b
Filename: pool/main/f/first.deb
Size: 7
SHA256: ` + digest + `
X-Empty:

` + "  \t\r\n" + `Package: second
` + need + "Provides: a\r\nX-Other: c"
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(index),
		"bytes": iotest.OneByteReader(strings.NewReader(index)),
	} {
		pkgs, err := readAll(t, r)
		require.NoError(t, err, name)
		d, err := contentmodel.ParseDigest(digest)
		require.NoError(t, err)
		require.Equal(t, []*deb.Package{
			{
				Package: "first", Version: "1:2.0~rc1-3+b1", Architecture: "amd64",
				InstalledSize: 42, Size: 7, SHA256: d, Filename: "pool/main/f/first.deb",
				Depends:     "libc6 (>= 2.36),\n\tother,\n third",
				Description: "short\n long\n .\n more",
				Fields:      []deb.Field{{Name: "X-Other", Value: "a: b"}, {Name: "X-Empty"}},
			},
			{
				Package: "second", Version: "1", Architecture: "all", Filename: "pool/x.deb", Size: 5, SHA256: d,
				Provides: "a", Fields: []deb.Field{{Name: "X-Other", Value: "c"}},
			},
		}, pkgs, name)
	}
	for _, nothing := range []string{"", "\n\n \n", "# only\n"} {
		pkgs, err := readAll(t, strings.NewReader(nothing))
		require.NoError(t, err)
		require.Empty(t, pkgs)
	}
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct{ want, index string }{
		{`P:8: a continued line without a field before it: " x"`, "Package: a\n" + need + "\n" + " x"},
		{`P:2: want "Field: value" but have "no colon"`, "Package: a\nno colon\n"},
		{`P:2: want "Field: value" but have ": x"`, "Package: a\n: x\n"},
		{`P:2: want "Field: value" but have "a b: x"`, "Package: a\na b: x\n"},
		{`P:1: want "Field: value" but have "<html>"`, "<html>\n"},
		{`P:7: package: the field is there twice`, "Package: a\n" + need + "package: b\n"},
		{`P:2: has a NUL byte, so it is no text`, "Package: a\nTag: b\x00c\n" + need},
		{`P:1: package "a" has no Version`, "Package: a\nSize: 1\n\n"},
		{`P:1: package "" has no Package`, need},
		{`P:1: package "a" has no SHA256 nor SHA512`, strings.Replace("Package: a\n"+need, "SHA256", "SHA1", 1)},
		{`P:1: Package: want a name of printable ASCII, have ""`, "Package:\n" + need},
		{`P:2: Version: want one word of printable ASCII, have "1 2"`, strings.Replace("Package: a\n"+need, "1", "1 2", 1)},
		{`P:1: Package: want a name`, "Package: \xc3\xa4\n" + need},
		{`P:1: Package: want a name of printable ASCII, have "a\n b"`, "Package: a\n b\n" + need},
		{`P:5: Size: size "x" is not a number`, strings.Replace("Package: a\n"+need, "Size: 5", "Size: x", 1)},
		{`P:4: Filename: path "pool/" ends with a slash`, strings.Replace("Package: a\n"+need, "x.deb", "", 1)},
		{`P:4: Filename: path is empty`, strings.Replace("Package: a\n"+need, "pool/x.deb", "/.", 1)},
		{`P:1: SHA512: not a sha512: has 2 characters`, strings.Replace("Package: a\n"+need, "SHA256: "+digest, "SHA512: 12", 1)},
		{`P:6: SHA256: not a SHA-256`, strings.Replace("Package: a\n"+need, digest, "12", 1)},
		{`P:4: Filename: path "../../etc/passwd" has a ".."`, strings.Replace("Package: a\n"+need, "pool/x.deb", "../../etc/passwd", 1)},
		{`P:2: the line is longer than 1048576 bytes`, "Package: a\nTag: " + strings.Repeat("x", 3<<20)},
		{`P:7: the paragraph that begins at line 1 is longer than 4194304 bytes`, "Package: a\nTag:\n" + strings.Repeat(" "+strings.Repeat("x", 1<<20-10)+"\n", 9)},
		{`more than 65536 unknown fields`, "Package: a\n" + manyFields(70000)},
	} {
		_, err := readAll(t, strings.NewReader(c.index))
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "\n")
	}
}

// TestOdd is what apt reads.
func TestOdd(t *testing.T) {
	whole := "Package: a\n" + need
	for name, c := range map[string]struct {
		index, note string
		check       func(*deb.Package) bool
	}{
		"a slash first": {strings.Replace(whole, "pool", "/pool", 1), "", func(p *deb.Package) bool { return p.Filename == "pool/x.deb" }},
		"two slashes":   {strings.Replace(whole, "pool", ".//pool/", 1), "", func(p *deb.Package) bool { return p.Filename == "pool/x.deb" }},
		"a line of one space": {
			"Package: a\nDescription: b\n c\n \n\t\n" + need, "",
			func(p *deb.Package) bool { return p.Description == "b\n c\n\n" },
		},
		"a field twice":          {"Package: a\nSection: b\n" + need + "section: c\n", "P:8: section is there twice in the paragraph of \"a\": the last one counts", func(p *deb.Package) bool { return p.Section == "c" }},
		"an unknown field twice": {whole + "X-Y: 1\nx-y: 2\n", "P:8: x-y is there twice", func(p *deb.Package) bool { return len(p.Fields) == 1 && p.Fields[0].Value == "2" }},
		"a size with a point":    {whole + "Installed-Size: 1234.5\n", "Installed-Size of \"a\" is ignored: size \"1234.5\" is not a number", func(p *deb.Package) bool { return p.InstalledSize == 0 }},
		"a name with spaces":     {strings.Replace(whole, ": a", ": a b - c", 1), "", func(p *deb.Package) bool { return p.Package == "a b - c" }},
		"thousands of fields":    {whole + manyFields(5000), "", func(p *deb.Package) bool { return len(p.Fields) == 5000 }},
		"many fields, one twice": {whole + manyFields(500) + "x-7: 2\n", "x-7 is there twice", func(p *deb.Package) bool { return len(p.Fields) == 500 && p.Fields[7].Value == "2" }},
		"SHA512 alone": {
			strings.Replace(whole, "SHA256: ", "SHA512: "+digest, 1), "",
			func(p *deb.Package) bool { return p.SHA256.IsZero() && p.Key() == "a 1 all "+digest+digest },
		},
	} {
		var notes []string
		n := 0
		for p, err := range (deb.Options{Note: func(s string) { notes = append(notes, s) }}).ReadPackages("P", strings.NewReader(c.index)) {
			require.NoError(t, err, name)
			require.True(t, c.check(p), "%s: %+v", name, p)
			require.NoError(t, p.WriteBody(io.Discard))
			n++
		}
		require.Equal(t, 1, n, name)
		if c.note == "" {
			require.Empty(t, notes, name)
			continue
		}
		require.Len(t, notes, 1, name)
		require.Contains(t, notes[0], c.note)
	}
}

// TestSkipBad: one odd paragraph does not end a sync of many, if that is asked for.
func TestSkipBad(t *testing.T) {
	good := func(name string) string { return "Package: " + name + "\n" + need + "\n" }
	index := good("a") + "Package: b\nVersion\nTag: x\n more\n\n" + good("c") + need + "\n" + good("d") + "Package: e\nSize: x\n" + need
	for skip, want := range map[int]string{0: "a", 1: "ac", 2: "acd", 3: "acd", 9: "acd"} {
		var got string
		var last error
		var notes []string
		for p, err := range (deb.Options{SkipBad: skip, Note: func(s string) { notes = append(notes, s) }}).ReadPackages("P", strings.NewReader(index)) {
			if last = err; err == nil {
				got += p.Package
			}
		}
		require.Equal(t, want, got, "%d", skip)
		require.Equal(t, skip < 3, last != nil, "%v", last)
		require.Len(t, notes, min(skip, 3))
		if skip > 0 {
			require.Contains(t, notes[0], fmt.Sprintf("left out, the 1. of at most %d: P:9: want \"Field: value\" but have \"Version\"", skip))
		}
	}
	// A stream that breaks is no bad paragraph.
	cut := errors.New("cut")
	for _, err := range (deb.Options{SkipBad: 9}).ReadPackages("P", io.MultiReader(strings.NewReader(good("a")+"Package: b\nVersion\nTag"), iotest.ErrReader(cut))) {
		if err != nil {
			require.ErrorIs(t, err, cut)
		}
	}
}

// TestSkipBadOfNULs: a hole that a crash left in one paragraph is no end of the others, wherever it is.
func TestSkipBadOfNULs(t *testing.T) {
	good := func(name string) string { return "Package: " + name + "\n" + need + "\n" }
	var got string
	var notes []string
	index := good("a") + "Package: b\nTag: \x00\nX: \x00\n" + need + "\n" + "\x00Package: c\n" + need + "\n" + good("d") + "Package: e\n \x00"
	for p, err := range (deb.Options{SkipBad: 3, Note: func(s string) { notes = append(notes, s) }}).ReadPackages("P", strings.NewReader(index)) {
		require.NoError(t, err)
		got += p.Package
	}
	require.Equal(t, "ad", got)
	require.Len(t, notes, 3)
	require.Contains(t, notes[0], "has a NUL byte")
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: 1\n", i)
	}
	return b.String()
}

// TestLongLine: beyond the read buffer, within the bound.
func TestLongLine(t *testing.T) {
	long := strings.Repeat("virtual (= 1), ", 60000)
	pkgs, err := readAll(t, strings.NewReader("Package: a\nProvides: "+long+"\n"+need+"\nPackage: b\n"+need))
	require.NoError(t, err)
	require.Len(t, pkgs, 2)
	require.Equal(t, strings.TrimSpace(long), pkgs[0].Provides)
}

// TestReadBroken: a stream that breaks is never taken for the end of the
// paragraph.
func TestReadBroken(t *testing.T) {
	cut := &contentmodel.InputError{Name: "P.gz", Err: errors.New("truncated"), Remedy: "fetch it again"}
	for _, before := range []string{"", "\n", "Package: b\n" + need, "Package: b\n" + need + "Tag: hal"} {
		pkgs, err := readAll(t, io.MultiReader(strings.NewReader("Package: a\n"+need+"\n"+before), iotest.ErrReader(cut)))
		require.ErrorIs(t, err, cut.Err)
		require.ErrorContains(t, err, "truncated; fetch it again")
		require.Len(t, pkgs, 1)
	}
}

func TestUnit(t *testing.T) {
	pkgs, err := readAll(t, strings.NewReader("Package: a\n"+need+"Description: \"x\"\n y\nX-Z: 1\n"))
	require.NoError(t, err)
	require.Equal(t, "deb", pkgs[0].Kind())
	require.Equal(t, "a 1 all "+strings.ToLower(digest), pkgs[0].Key())
	var b bytes.Buffer
	require.NoError(t, pkgs[0].WriteBody(&b))
	require.JSONEq(t, `{"Package":"a","Version":"1","Architecture":"all","Filename":"pool/x.deb","Size":5,
		"Description":"\"x\"\n y","X-Z":"1","SHA256":"`+strings.ToLower(digest)+`"}`, b.String())
}

// TestEmptyFields: an empty field and an Installed-Size of 0 are there, and others are not.
func TestEmptyFields(t *testing.T) {
	whole := "Package: a\n" + need
	for more, want := range map[string]string{
		"Installed-Size: 0\n":                        `"Installed-Size":0`,
		"Section:\nsource: \nX-Y:\n":                 `"Section":"","Source":"","X-Y":""`,
		"Section:\nSection: b\n":                     `"Section":"b"`,
		"Section: b\nSection:\n":                     `"Section":""`,
		"Installed-Size: 0\nInstalled-Size: 5\n":     `"Installed-Size":5`,
		"Installed-Size: 5\nInstalled-Size: 0\n":     `"Installed-Size":0`,
		"Installed-Size: 0\nInstalled-Size: a\n":     ``,
		"Installed-Size: 1\nSection: b\nX-Y: \n c\n": `"Installed-Size":1,"Section":"b","X-Y":"\n c"`,
	} {
		pkgs, err := readAll(t, strings.NewReader(whole+more))
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, pkgs[0].WriteBody(&b))
		base := `{"Package":"a","Version":"1","Architecture":"all","Filename":"pool/x.deb","Size":5,"SHA256":"` + strings.ToLower(digest) + `"`
		if want != "" {
			want = "," + want
		}
		require.JSONEq(t, base+want+"}", b.String(), more)
		for _, name := range []string{"installed-size", "Section", "SOURCE", "x-y", "Tag", "Package", "Size", "SHA256", "Nothing"} {
			require.Equal(t, strings.Contains(strings.ToLower(b.String()), `"`+strings.ToLower(name)+`":`), pkgs[0].Has(name), "%s in %s", name, b.String())
		}
	}
}

// TestAllocs: a string for each field, a few for the package, nothing beside.
func TestAllocs(t *testing.T) {
	const packages, strings1 = 1000, 5 // fields kept as strings in each
	index := strings.Repeat("Package: a\nTag: some text\n"+need+"\n", packages)
	got := testing.AllocsPerRun(5, func() {
		for _, err := range deb.ReadPackages("P", strings.NewReader(index)) {
			if err != nil {
				t.Error(err)
			}
		}
	})
	require.LessOrEqual(t, got, float64(packages*(strings1+1)+20))
}

func FuzzReadPackages(f *testing.F) {
	f.Add([]byte("Package: a\n" + need + "Tag: x\n y\nX-Y:\n\n# c\nPackage: b\n" + need))
	f.Add([]byte("Package: a\nVersion"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pkgs, err := readAll(t, bytes.NewReader(data))
		if err != nil {
			_, ok := errors.AsType[*contentmodel.InputError](err)
			require.True(t, ok, err)
		}
		for _, p := range pkgs {
			require.Equal(t, 3, strings.Count(p.Key(), " ")-strings.Count(p.Package, " "), "parts of the key")
			var b bytes.Buffer
			require.NoError(t, p.WriteBody(&b))
			require.True(t, json.Valid(b.Bytes()))
		}
	})
}
