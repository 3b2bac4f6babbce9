package deb

import (
	"slices"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/filelist"
)

// Kind is the content type of packages in stores.
const Kind = "deb"

// Package is one paragraph of a Packages index. Strings are the index's own
// words; the lines of a folded value stay as they are, after a "\n" each.
type Package struct {
	Package, Version string              // with Architecture the identity, never empty
	Filename         string              // relative path in the repository
	SHA256           contentmodel.Digest // zero where the index has SHA512 alone, among Fields
	Size             int64               // bytes of the package file
	InstalledSize    int64               // KiB, as in the index; 0 if absent, too: see Has

	// Many packages have the same in these. A reader keeps one string for all of
	// them, and no package is charged for it: see Options.Kept. Whoever makes
	// packages should do so, too.
	Architecture, Section, Priority, MultiArch, Maintainer string `mem:"shared"`

	Source, Homepage, Tag                 string
	Description, DescriptionMD5, MD5      string
	Depends, PreDepends                   string
	Recommends, Suggests, Enhances        string
	Breaks, Conflicts, Replaces, Provides string

	Files filelist.List // of Contents; empty where none was read

	Fields []Field // all others, in the order of the index

	own   int64  `track:"-"` // bytes of names and values that are repeated elsewhere, and are not shared
	empty uint64 // the fields with a place of their own that the index has without a value, one bit each: see places
}

// Field is a field of a paragraph that has no place of its own. Readers share
// the few names there are among all packages.
type Field struct {
	Name  string `mem:"shared"`
	Value string
}

// MemExtra is how many bytes of the fields that packages share, and of the
// names of Fields, are p's own, by what its reader knows: none where somebody
// else made p.
func (p *Package) MemExtra() int64 { return p.own }

// Kind is always [Kind].
func (p *Package) Kind() string { return Kind }

// Key is name, version, architecture and digest: the same version is now and
// then rebuilt with other bytes. Only a name may hold a space, so no two
// packages share a key.
func (p *Package) Key() string {
	b := make([]byte, 0, len(p.Package)+len(p.Version)+len(p.Architecture)+3+2*len(p.SHA256))
	for _, part := range [...]string{p.Package, p.Version, p.Architecture} {
		b = append(b, part...)
		b = append(b, ' ')
	}
	if p.SHA256.IsZero() {
		b = append(b, p.field(sha512Name)...)
	} else {
		b, _ = p.SHA256.AppendText(b)
	}
	return string(b)
}

// Has reports whether the index has a field, be it empty or an Installed-Size of
// 0. Case means nothing in name. It costs a comparison for each of Fields.
func (p *Package) Has(name string) bool {
	place, ok := places[strings.ToLower(name)]
	switch {
	case !ok:
		return slices.ContainsFunc(p.Fields, func(f Field) bool { return strings.EqualFold(f.Name, name) })
	case place < len(texts):
		return *texts[place].at(p) != "" || p.hasEmpty(place)
	case place == installedPlace:
		return p.InstalledSize != 0 || p.hasEmpty(place)
	}
	return numbers[place-len(texts)].name != sha256Name || !p.SHA256.IsZero()
}

func (p *Package) hasEmpty(place int) bool { return p.empty&(1<<place) != 0 }

// setEmpty keeps whether the field that was read last has no value.
func (p *Package) setEmpty(place int, empty bool) {
	p.empty &^= 1 << place
	if empty {
		p.empty |= 1 << place
	}
}

// field is the value of one of Fields, or empty.
func (p *Package) field(name string) string {
	for _, f := range p.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}
