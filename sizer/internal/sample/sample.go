// Package sample makes the content that sizer's tests and benchmarks measure: an RPM-like
// package of about 430 strings, built as a parser builds it, each string on its own.
package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Package is the metadata of one RPM, with the fields a sync keeps.
type Package struct {
	Name, Epoch, Version, Release, Arch     string
	Summary, Description, Vendor, Packager  string
	License, Group, URL, SourceRPM          string
	BuildHost, Location, Base, PkgID        string
	ChecksumType, Platform, OptFlags        string
	Distribution, Cookie, RPMVersion        string
	PayloadFormat, PayloadCompressor        string
	PayloadFlags, HeaderStart, HeaderEnd    string
	Artifact, Origin                        string
	Built, Filed                            time.Time
	SizePackage, SizeInstalled, SizeArchive int64
	Requires, Provides                      []Dependency
	Files                                   []File
	Labels                                  map[string]string
	Artifacts                               []*Artifact
}

// Dependency is one requires or provides entry.
type Dependency struct{ Name, Flags, Epoch, Version, Release string }

// File is one file of the package.
type File struct{ Type, Dir, Name string }

// Artifact is a file to download, with its digests and where to get it.
type Artifact struct {
	Path    string
	Size    int64
	Digests map[string]string
	Remotes []Remote
}

// Remote is one place to get an artifact from.
type Remote struct{ Name, URL string }

// Key names the package, as a content unit has it.
func (p *Package) Key() string { return p.Name + "-" + p.Version }

// New makes the package number i. The same i makes the same package.
func New(i int) *Package {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	p := &Package{
		Built: time.Unix(int64(i), 0), Filed: time.Unix(int64(i), 0), SizePackage: 1 << 20,
		Requires: dependencies(r, 20), Provides: dependencies(r, 20),
		Labels: texts(r, "label", 5), Files: make([]File, 50),
	}
	for _, s := range p.strings() {
		*s = Text(r, 4+r.IntN(40))
	}
	for i := range p.Files {
		p.Files[i] = File{Text(r, 4), Text(r, 10+r.IntN(30)), Text(r, 5+r.IntN(20))}
	}
	for range 3 {
		p.Artifacts = append(p.Artifacts, &Artifact{
			Path: Text(r, 50), Size: 1 << 20, Digests: texts(r, "sha", 4),
			Remotes: []Remote{{Text(r, 10), Text(r, 60)}, {Text(r, 10), Text(r, 60)}},
		})
	}
	return p
}

// Version is a package that knows the version before it: its type leads back to itself.
type Version struct {
	Package
	Previous *Version
}

// NewVersion makes the version number i of a package, with one before it.
func NewVersion(i int) *Version {
	return &Version{*New(2 * i), &Version{*New(2*i + 1), nil}}
}

// strings are the fields of the package that hold a text.
func (p *Package) strings() []*string {
	return []*string{
		&p.Name, &p.Epoch, &p.Version, &p.Release, &p.Arch, &p.Summary, &p.Description,
		&p.Vendor, &p.Packager, &p.License, &p.Group, &p.URL, &p.SourceRPM, &p.BuildHost,
		&p.Location, &p.Base, &p.PkgID, &p.ChecksumType, &p.Platform, &p.OptFlags,
		&p.Distribution, &p.Cookie, &p.RPMVersion, &p.PayloadFormat, &p.PayloadCompressor,
		&p.PayloadFlags, &p.HeaderStart, &p.HeaderEnd, &p.Artifact, &p.Origin,
	}
}

func dependencies(r *rand.Rand, n int) []Dependency {
	d := make([]Dependency, n)
	for i := range d {
		d[i] = Dependency{Text(r, 5+r.IntN(30)), Text(r, 2), Text(r, 1), Text(r, 3+r.IntN(8)), Text(r, 3+r.IntN(8))}
	}
	return d
}

func texts(r *rand.Rand, key string, n int) map[string]string {
	m := make(map[string]string)
	for i := range n {
		m[strings.Clone(fmt.Sprintf("%s-%d", key, i))] = Text(r, 64)
	}
	return m
}

// Text is n random letters in a block of their own.
func Text(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}
