package rpm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSkipBad: packages that primary says nonsense of are left out, and the others come with their own files.
func TestSkipBad(t *testing.T) {
	for name, c := range map[string]struct{ old, new, says string }{
		"checksum": {id(2), "xyz", `: not a sha256: has 3 characters ("xyz"), in the package "pkg2"`},
		"number":   {`package="1000"`, `package="many"`, `: package: "many" is no number, in the package "pkg2"`},
		"href":     {`href="Packages/pkg2.rpm"`, `href="../pkg2.rpm"`, `leads out of the repository, in the package "pkg2"`},
		"name":     {"<name>pkg2</name>", "<name/>", `: a package has no name`},
		"header":   {`start="4504"`, `start="x"`, `start: "x" is no number, in the package "pkg2"`},
		"all":      {`<version epoch="0"`, `<time file="x"/><size package="y"/><location href="/"/><version epoch="0"`, `file: "x" is no number`},
	} {
		for _, order := range [][]int{{1, 2, 3}, {3, 2, 1}} {
			r := repoOf(".gz", []int{1, 2, 3}, order, []int{1, 2, 3})
			before, after, _ := strings.Cut(r.primary, primaryOf(2))
			r.primary = before + strings.Replace(primaryOf(2), c.old, c.new, 1) + after
			require.NotContains(t, r.primary, primaryOf(2))
			dir := r.write(t)

			got := readSkipping(t.Context(), dir, 1)
			require.NoError(t, got.err, name)
			require.Equal(t, bodiesOf(1, 3), got.bodies)
			require.Len(t, got.notes, 3)
			require.Contains(t, got.notes[0], "left out, the 1. of at most 1: ")
			require.Contains(t, got.notes[0], c.says)
			require.Contains(t, got.notes[1], "filelists.xml.gz has 1 packages that primary has not")

			got = readSkipping(t.Context(), dir, 0)
			require.ErrorContains(t, got.err, c.says)
			require.Equal(t, bodiesOf(1), got.bodies)
			require.Empty(t, got.notes)
		}
	}
	// What filelists and other say of a package is part of it.
	for name, c := range map[string]struct {
		part     func(*repo) *string
		old, new string
		says     string
	}{
		"date":       {func(r *repo) *string { return &r.other }, `date="1700000000">- fix 2`, `date="x">- fix 2`, `other.xml.gz: at byte`},
		"none":       {func(r *repo) *string { return &r.filelists }, `pkgid="` + id(2), `pkgid="` + id(9), "filelists.xml.gz: at byte"},
		"no pkgid":   {func(r *repo) *string { return &r.filelists }, `pkgid="` + id(2) + `"`, ``, "a package has no pkgid"},
		"odd pkgid":  {func(r *repo) *string { return &r.filelists }, `pkgid="` + id(2) + `"`, `pkgid="2"`, "pkgid: not a checksum"},
		"both parts": {func(r *repo) *string { return &r.other }, `pkgid="` + id(2) + `"`, `pkgid="2"`, "pkgid: not a checksum"},
	} {
		for _, order := range [][]int{{1, 2, 3}, {3, 2, 1}, {2, 1, 3}} {
			r := repoOf(".gz", []int{1, 2, 3}, order, order)
			part := c.part(&r)
			require.Contains(t, *part, c.old, name)
			*part = strings.Replace(*part, c.old, c.new, 1)
			dir := r.write(t)
			got := readSkipping(t.Context(), dir, 1)
			require.NoError(t, got.err, name)
			require.Equal(t, bodiesOf(1, 3), got.bodies, name)
			require.Contains(t, got.notes[0], "left out, the 1. of at most 1: ")
			require.Contains(t, got.notes[0], c.says)
			require.LessOrEqual(t, len(got.notes), 2) // of what is left of it elsewhere
			require.ErrorContains(t, readSkipping(t.Context(), dir, 0).err, c.says)
		}
	}
	// What is no XML ends it, whatever may be left out; and so does the second where one may be.
	r := repoOf("", []int{1, 2, 3}, []int{1, 2, 3}, []int{1, 2, 3})
	r.primary = strings.Replace(r.primary, "<name>pkg2</name>", "<name>pkg2</nam>", 1)
	require.ErrorContains(t, readSkipping(t.Context(), r.write(t), 9).err, "<name> ends with </nam>")
	r = repoOf("", []int{1, 2, 3}, []int{1, 2, 3}, []int{1, 2, 3})
	r.primary = strings.ReplaceAll(r.primary, `build="1700000000"`, `build=""`)
	got := readSkipping(t.Context(), r.write(t), 1)
	require.ErrorContains(t, got.err, `in the package "pkg2"`)
	require.Empty(t, got.bodies)

	// What was read of a list is not the next package's.
	r = repo{primary: primaryHead + strings.Replace(primaryOf(1), `start="4504"`, `start="x"`, 1) + primaryOf(3) + "</metadata>\n"}
	header := `<rpm:header-range start="x" end="6724"/>`
	r.primary = strings.Replace(r.primary, header, "", 1)
	r.primary = strings.Replace(r.primary, "</rpm:requires>\n", "</rpm:requires><file>/stray</file>"+header+"\n", 1)
	got = readSkipping(t.Context(), r.write(t), 1)
	require.NoError(t, got.err)
	require.Len(t, got.bodies, 1)
	require.NotContains(t, got.bodies[0], "stray")
	require.Contains(t, got.bodies[0], `"files":[["","/usr/bin/","pkg3"]]`)
}
