package rpm_test

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/rpm"
	"github.com/syncmem/syncmem/sizer"
)

// readKept reads a repository, and the most that it kept beside its packages.
func readKept(t *testing.T, r repo) (all []*rpm.Package, most int64) {
	last := int64(0)
	repository, err := rpm.Open(t.Context(), r.write(t), rpm.Options{Kept: func(bytes int64) { most, last = max(most, bytes), bytes }})
	require.NoError(t, err)
	for p, err := range repository.Packages(t.Context()) {
		require.NoError(t, err)
		all = append(all, p)
	}
	require.Zero(t, last, "it is given back")
	return all, most
}

// TestShared: what packages repeat is one string, which none of them is charged for; what they don't is their own.
func TestShared(t *testing.T) {
	r := repoOf("", []int{1, 2}, []int{1, 2}, []int{1, 2})
	r.primary = strings.ReplaceAll(strings.ReplaceAll(r.primary, "<packager>", "<packager>Somebody"), "<rpm:vendor/>", "<rpm:vendor>Nobody</rpm:vendor>")
	all, most := readKept(t, r)
	require.Zero(t, most, "little is told to nobody")
	for _, at := range []func(*rpm.Package) string{
		func(p *rpm.Package) string { return p.Epoch },
		func(p *rpm.Package) string { return p.Arch },
		func(p *rpm.Package) string { return p.Packager },
		func(p *rpm.Package) string { return p.License },
		func(p *rpm.Package) string { return p.Vendor },
		func(p *rpm.Package) string { return p.Group },
		func(p *rpm.Package) string { return p.BuildHost },
	} {
		require.NotEmpty(t, at(all[0]))
		require.Equal(t, unsafe.StringData(at(all[0])), unsafe.StringData(at(all[1])))
	}
	require.Zero(t, all[0].MemExtra())
	r.primary = strings.Replace(r.primary, "Nobody", strings.Repeat("x", 1000), 1)
	weight := sizer.Of(all[0])
	all, _ = readKept(t, r)
	require.EqualValues(t, 1008, all[0].MemExtra())
	require.Equal(t, weight+1008, sizer.Of(all[0]))
	require.Zero(t, all[1].MemExtra())
}

// TestKept: strings that only seem to be repeated, and places in the temporary file.
func TestKept(t *testing.T) {
	const n = 5000
	var primary, lists strings.Builder
	apart := func(text string, i int) string {
		return strings.ReplaceAll(text, id(i), fmt.Sprintf("%08x", i)+id(i)[8:])
	}
	for i := range n {
		primary.WriteString(strings.Replace(apart(primaryOf(i), i), "<packager>", fmt.Sprintf("<packager>%0100d", i), 1))
		lists.WriteString(apart(filelistsOf(n-i-1), n-i-1))
	}
	all, most := readKept(t, repo{primary: primaryHead + primary.String() + "</metadata>", filelists: filelistsHead + lists.String() + "</filelists>"})
	require.Len(t, all, n)
	require.InDelta(t, 4096*(112+64)+n*40, most, 64<<10)
	require.EqualValues(t, 112, all[n-1].MemExtra())
	require.Zero(t, all[0].MemExtra())
}
