package rpm

import (
	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/filelist"
)

// Kind is the content type of packages in stores.
const Kind = "rpm"

// The files of a package are a [filelist.List].
type (
	File         = filelist.File
	Files        = filelist.List
	FilesBuilder = filelist.Builder
)

// NewFiles is [filelist.New].
func NewFiles(files ...File) Files { return filelist.New(files...) }

// Package is one RPM package as the repository's metadata describes it.
//
// Fields keep the metadata's own words; an absent one is empty or zero. Sizes
// are bytes and times Unix seconds, as in the metadata. The lists are packed:
// they are read with All, and made with NewFiles, NewDependencies and
// NewChangelogs.
type Package struct {
	PkgID contentmodel.Checksum // of the package file; the metadata's own identity

	Name, Version, Release     string
	Summary, Description, URL  string
	SourceRPM                  string
	LocationHref, LocationBase string

	// Many packages have the same in these. A reader keeps one string for all of
	// them, and no package is charged for it: see Options.Kept. Whoever makes
	// packages should do so, too.
	Epoch, Arch, Packager, License string `mem:"shared"`
	Vendor, Group, BuildHost       string `mem:"shared"`

	TimeFile, TimeBuild                      int64 // Unix seconds
	SizePackage, SizeInstalled, SizeArchive  int64 // bytes
	HeaderStart, HeaderEnd                   int64 // bytes from the start of the package file
	Requires, Provides, Conflicts, Obsoletes Dependencies
	Suggests, Enhances, Recommends           Dependencies
	Supplements                              Dependencies

	Files      Files
	Changelogs Changelogs

	own int64 `track:"-"` // bytes of the fields that are repeated elsewhere, and are not shared
}

// MemExtra is how many bytes of the fields that packages share are p's own, by
// what its reader knows: none where somebody else made p.
func (p *Package) MemExtra() int64 { return p.own }

// Kind is always [Kind].
func (p *Package) Kind() string { return Kind }

// Key is the package id in hex: two packages with the same name, version and
// architecture may still differ, their bytes may not.
func (p *Package) Key() string { return p.PkgID.String() }

// String is how a person names the package: name-epoch:version-release.arch,
// without an epoch of zero.
func (p *Package) String() string {
	epoch := ""
	if p.Epoch != "" && p.Epoch != "0" {
		epoch = p.Epoch + ":"
	}
	return p.Name + "-" + epoch + p.Version + "-" + p.Release + "." + p.Arch
}
