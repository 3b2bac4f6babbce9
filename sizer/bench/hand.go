// Package bench compares sizer with a size method written by hand and with other libraries,
// which it keeps out of the module that users import.
package bench

import (
	"unsafe"

	"github.com/syncmem/syncmem/sizer/internal/sample"
)

// classes and coarse hold the block of every request up to 32 KiB, by byte and by 128 bytes.
var (
	classes [1025]uint16
	coarse  [257]uint16
)

func init() {
	for n := range classes {
		classes[n] = uint16(cap(append([]byte(nil), make([]byte, n)...)))
	}
	for n := range coarse {
		coarse[n] = uint16(cap(append([]byte(nil), make([]byte, n*128)...)))
	}
}

func block(n int) int64 {
	switch {
	case n <= 1024:
		return int64(classes[n])
	case n <= 32760:
		return int64(coarse[(n+127)/128])
	}
	return int64(n+8191) &^ 8191
}

// withHeader is the block of an object that holds pointers.
func withHeader(n int) int64 {
	if n > 512 {
		n += 8
	}
	return block(n)
}

// Hand is what a careful engineer writes for one type: every block rounded to its size class,
// maps by the number of their entries, no aliasing, no tiny blocks. It is the floor that the
// speed of sizer.Of is measured against.
func Hand(p *sample.Package) int64 {
	return withHeader(int(unsafe.Sizeof(*p))) + behind(p)
}

// HandVersion is the same for a package that knows the one before it. It would not end if one
// came before itself.
func HandVersion(v *sample.Version) int64 {
	n := int64(0)
	for ; v != nil; v = v.Previous {
		n += withHeader(int(unsafe.Sizeof(*v))) + behind(&v.Package)
	}
	return n
}

// behind is what the fields of a package point to.
func behind(p *sample.Package) int64 {
	n := int64(0)
	for _, s := range [...]*string{
		&p.Name, &p.Epoch, &p.Version, &p.Release, &p.Arch, &p.Summary, &p.Description,
		&p.Vendor, &p.Packager, &p.License, &p.Group, &p.URL, &p.SourceRPM, &p.BuildHost,
		&p.Location, &p.Base, &p.PkgID, &p.ChecksumType, &p.Platform, &p.OptFlags,
		&p.Distribution, &p.Cookie, &p.RPMVersion, &p.PayloadFormat, &p.PayloadCompressor,
		&p.PayloadFlags, &p.HeaderStart, &p.HeaderEnd, &p.Artifact, &p.Origin,
	} {
		n += block(len(*s))
	}
	n += dependencies(p.Requires) + dependencies(p.Provides)
	n += withHeader(cap(p.Files) * int(unsafe.Sizeof(sample.File{})))
	for i := range p.Files {
		f := &p.Files[i]
		n += block(len(f.Type)) + block(len(f.Dir)) + block(len(f.Name))
	}
	n += texts(p.Labels)
	n += withHeader(cap(p.Artifacts) * 8)
	for _, a := range p.Artifacts {
		n += artifact(a)
	}
	return n
}

func dependencies(deps []sample.Dependency) int64 {
	n := withHeader(cap(deps) * int(unsafe.Sizeof(sample.Dependency{})))
	for i := range deps {
		d := &deps[i]
		n += block(len(d.Name)) + block(len(d.Flags)) + block(len(d.Epoch)) + block(len(d.Version)) + block(len(d.Release))
	}
	return n
}

func artifact(a *sample.Artifact) int64 {
	n := withHeader(int(unsafe.Sizeof(*a))) + block(len(a.Path)) + texts(a.Digests)
	n += withHeader(cap(a.Remotes) * int(unsafe.Sizeof(sample.Remote{})))
	for i := range a.Remotes {
		n += block(len(a.Remotes[i].Name)) + block(len(a.Remotes[i].URL))
	}
	return n
}

// texts sizes a map of at most eight entries, which is one group of eight slots.
func texts(m map[string]string) int64 {
	n := int64(48)
	if len(m) > 0 {
		n += block(8 + 8*32)
	}
	for k, v := range m {
		n += block(len(k)) + block(len(v))
	}
	return n
}
