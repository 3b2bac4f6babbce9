package deb_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/filelist"
	"github.com/syncmem/syncmem/sizer"
)

// TestBytes weighs packages with their files, ours and with a slice of strings in their place. SYNCMEM_DEB_REPOSITORY names
// a repository with Contents whose suite is bookworm, in place of a made one.
func TestBytes(t *testing.T) {
	dir, o := os.Getenv("SYNCMEM_DEB_REPOSITORY"), deb.RepositoryOptions{Contents: true, Suite: "bookworm", Components: []string{"main"}, Architectures: []string{"amd64"}}
	if dir == "" {
		dir, o = t.TempDir(), deb.RepositoryOptions{Contents: true, Suite: "stable"}
		all := written(t, 50)
		for _, p := range all {
			var b filelist.Builder
			for _, d := range []string{"/usr/bin/", "/usr/share/doc/" + p.Package + "/", "/usr/share/doc/" + p.Package + "/html/"} {
				for _, name := range []string{"AUTHORS", "COPYING", "README", "changelog.Debian.gz", "changelog.gz", "class-index.html", "class-members.html", "copyright"} {
					b.Add(filelist.File{Dir: d, Name: name})
				}
			}
			p.Files = b.List()
		}
		write(t, dir, deb.WriteOptions{Contents: true}, all)
	}
	r, err := deb.Open(t.Context(), dir, o)
	require.NoError(t, err)
	var packages, files, list, plainList, unit, plainUnit int64
	for p, err := range r.Packages(t.Context()) {
		require.NoError(t, err)
		var paths []string
		for _, path := range p.Files.Paths() {
			paths = append(paths, string(path))
		}
		paths = append(make([]string, 0, len(paths)), paths...)
		l, pl, u := sizer.Of(p.Files), sizer.Of(paths), sizer.Of(p)
		packages, files, list, plainList = packages+1, files+int64(len(paths)), list+l, plainList+pl
		unit, plainUnit = unit+u, plainUnit+u-l+pl
	}
	t.Logf("%d packages, %d files: lists %d of %d bytes, %.0f %%; units %d of %d, %.0f %%", packages, files,
		list, plainList, 100*float64(list)/float64(plainList), unit, plainUnit, 100*float64(unit)/float64(plainUnit))
	require.Less(t, float64(list), 0.5*float64(plainList))
}
