package rpm

import "github.com/syncmem/syncmem/contentmodel"

// Kind is the content type of packages in stores.
const Kind = "rpm"

// Package is one RPM package as the repository's metadata describes it.
//
// Fields keep the metadata's own words; an absent one is empty or zero. Sizes
// are bytes and times Unix seconds, as in the metadata.
type Package struct {
	PkgID contentmodel.Digest // of the package file; the metadata's own identity

	Name, Epoch, Version, Release, Arch string

	Summary, Description, Packager, URL string
	License, Vendor, Group              string
	BuildHost, SourceRPM                string
	LocationHref, LocationBase          string

	TimeFile, TimeBuild                      int64 // Unix seconds
	SizePackage, SizeInstalled, SizeArchive  int64 // bytes
	HeaderStart, HeaderEnd                   int64 // bytes from the start of the package file
	Requires, Provides, Conflicts, Obsoletes []Dependency
	Suggests, Enhances, Recommends           []Dependency
	Supplements                              []Dependency

	Files      []File
	Changelogs []Changelog
}

// Dependency is one entry of a package's eight dependency lists. Flags is EQ,
// LT, GT, LE, GE, or empty when any version will do.
type Dependency struct{ Name, Flags, Epoch, Version, Release string }

// File is one path a package owns. Type is "dir", "ghost", or empty for a
// plain file; Dir ends in a slash.
type File struct{ Type, Dir, Name string }

// Changelog is one entry of a package's changelog; Date is Unix seconds.
type Changelog struct {
	Author string
	Date   int64
	Text   string
}

// Kind is always [Kind].
func (p *Package) Kind() string { return Kind }

// Key is the package id in hex: two packages with the same name, version and
// architecture may still differ, their bytes may not.
func (p *Package) Key() string { return p.PkgID.String() }
