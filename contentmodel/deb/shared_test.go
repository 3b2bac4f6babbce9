package deb_test

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/sizer"
)

// TestShared: what packages repeat is one string, which none of them is charged for; what they don't is their own.
func TestShared(t *testing.T) {
	repeated := "Section: libs\nPriority: optional\nMulti-Arch: same\nMaintainer: Nobody <nobody@example.org>\nX-Field: 1\n"
	pkgs, err := readAll(t, strings.NewReader("Package: a\n"+need+repeated+"\nPackage: a\n"+need+repeated))
	require.NoError(t, err)
	for _, at := range []func(*deb.Package) string{
		func(p *deb.Package) string { return p.Architecture },
		func(p *deb.Package) string { return p.Section },
		func(p *deb.Package) string { return p.Priority },
		func(p *deb.Package) string { return p.MultiArch },
		func(p *deb.Package) string { return p.Maintainer },
		func(p *deb.Package) string { return p.Fields[0].Name },
	} {
		require.NotEmpty(t, at(pkgs[0]))
		require.Equal(t, unsafe.StringData(at(pkgs[0])), unsafe.StringData(at(pkgs[1])))
	}
	require.Zero(t, pkgs[1].MemExtra())

	long := strings.Repeat("x", 1000)
	pkgs, err = readAll(t, strings.NewReader("Package: a\n"+need+"Maintainer: "+long+"\nX-"+long+": 1\nsection: a\nSection: "+long))
	require.NoError(t, err)
	require.EqualValues(t, 1008+1008+1008, pkgs[0].MemExtra())
	same := *pkgs[0] // with its count of what is not shared
	same.Maintainer = ""
	require.Equal(t, sizer.Of(&same), sizer.Of(pkgs[0]), "the field itself is not counted")
}

// TestKept: what a hostile index has the reader keep is bounded, told, and given back.
func TestKept(t *testing.T) {
	var index strings.Builder
	const n = 6000
	for i := range n {
		fmt.Fprintf(&index, "Package: p%d\nMaintainer: %0100d\n%s\n", i, i, need)
	}
	var most, last int64
	extra := int64(0)
	o := deb.Options{Kept: func(bytes int64) { most, last = max(most, bytes), bytes }}
	for p, err := range o.ReadPackages("P", strings.NewReader(index.String())) {
		require.NoError(t, err)
		extra += p.MemExtra()
	}
	require.Zero(t, last)
	require.InDelta(t, 4096*(112+64), most, 64<<10)
	require.InDelta(t, (n-4096)*112, extra, 1000, "the others are their packages' own")
}
