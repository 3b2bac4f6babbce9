package rpm_test

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// written are packages with every field, and with what XML makes difficult.
func written() (all []*rpm.Package) {
	for i, s := range []string{"plain", `<a & "b">`, "tab\tand\nlines\r\n", "ä\u2028", "&amp;"} {
		deps := func(n int) rpm.Dependencies {
			return rpm.NewDependencies(rpm.Dependency{Name: s + string(rune('a'+n)), Flags: "GE", Epoch: "1", Version: "2", Release: s}, rpm.Dependency{Name: "x", Pre: n == 1})
		}
		all = append(all, &rpm.Package{
			PkgID: contentmodel.Checksum(bytes.Repeat([]byte{byte(i + 1)}, []int{32, 20, 64, 48, 28}[i])),
			Name:  "pkg", Epoch: "0", Version: "1", Release: s, Arch: "noarch",
			Summary: s, Description: s, Packager: s, URL: s, License: s, Vendor: s, Group: s, BuildHost: s, SourceRPM: s,
			LocationHref: "a/" + s, LocationBase: s, TimeFile: 1, TimeBuild: 2, SizePackage: 3, SizeInstalled: 4, SizeArchive: 5, HeaderStart: 6, HeaderEnd: 7,
			Requires: deps(1), Provides: deps(2), Conflicts: deps(3), Obsoletes: deps(4), Suggests: deps(5), Enhances: deps(6), Recommends: deps(7), Supplements: deps(8),
			Files:      rpm.NewFiles(rpm.File{Type: "dir", Dir: "/usr/", Name: s}, rpm.File{Dir: "/usr/" + s + "/", Name: "b"}, rpm.File{Type: "ghost", Dir: "/", Name: s}),
			Changelogs: rpm.NewChangelogs(rpm.Changelog{Author: s, Date: -1, Text: s}, rpm.Changelog{Author: s, Date: 1, Text: ""}),
		})
	}
	return append(all, &rpm.Package{PkgID: contentmodel.Checksum(strings.Repeat("x", 16)), Name: "none", LocationHref: "x"})
}

func writeRepo(t testing.TB, opt rpm.WriteOptions, all []*rpm.Package) string {
	dir := t.TempDir()
	w, err := rpm.NewWriter(dir, opt)
	require.NoError(t, err)
	for _, p := range all {
		require.NoError(t, w.Write(p))
	}
	require.NoError(t, w.Close())
	require.Error(t, w.Close())
	return dir
}

func TestWrite(t *testing.T) {
	want := written()
	for _, suffix := range []string{"", ".gz", ".zst", ".xml"} {
		r, err := rpm.Open(t.Context(), writeRepo(t, rpm.WriteOptions{Packages: len(want), Suffix: suffix}, want), rpm.Options{
			Note: func(s string) { t.Error(s) },
		})
		require.NoError(t, err)
		n := 0
		for got, err := range r.Packages(t.Context()) {
			require.NoError(t, err)
			require.Equal(t, want[n], got)
			n++
		}
		require.Equal(t, len(want), n)
	}
	_, err := rpm.NewWriter(t.TempDir(), rpm.WriteOptions{Suffix: ".rar"})
	require.ErrorContains(t, err, `no way to write ".rar"`)
}

func TestWriteRefuses(t *testing.T) {
	w, err := rpm.NewWriter(t.TempDir(), rpm.WriteOptions{})
	require.NoError(t, err)
	err = w.Write(&rpm.Package{Name: "a", Summary: "bell\a"})
	require.ErrorContains(t, err, `XML has no way to write the character 0x7 of "bell\a"`)
	require.NoError(t, w.Close())
}

// TestWriteCreaterepo: createrepo_c's own parser reads what is written, without a warning.
func TestWriteCreaterepo(t *testing.T) {
	if exec.Command(python, "-c", "import createrepo_c").Run() != nil {
		t.Skip("NOT COMPARED: needs python3-createrepo-c")
	}
	all := slices.DeleteFunc(written(), func(p *rpm.Package) bool { return p.PkgID.Type() == "md5" })
	dir := writeRepo(t, rpm.WriteOptions{Packages: len(all)}, all)
	checkTheirs(t, dir, readRepo(t.Context(), dir), len(all))
}
