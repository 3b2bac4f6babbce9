package synth

import (
	"encoding/binary"
	"math/bits"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// packages makes RPM packages.
//
// Everything that is the same in all versions of a name is drawn from a stream
// keyed by the name, everything else from one keyed by the unit.
type packages struct {
	layout
	versions int
	size     func(u uint64) int            // quantile function of files in a unit
	length   func(files int, u uint64) int // and of the mean path length, in 1/16 byte
	huge     int64                         // heap bytes of the giant
	text     text                          // the stream being drawn from, and its buffers
}

// commonLength is the mean length of a path in large packages, in 1/16 byte.
const commonLength = 65 * 16

// family is how many neighbours share a neighbourhood of sizes at least: with
// it, the heaviest 500 packages in a row weigh 7 times the mean, as in the
// real archive in name order (6.8); without, 4 times.
const family = 4

func openMixed(s Spec) maker {
	clustered := (family + s.Versions - 1) / s.Versions * s.Versions
	units := s.Count
	if s.Giant > 0 {
		units-- // the giant is made apart
	}
	return &packages{
		layout: newLayout(units, clustered, s.identity()), versions: s.Versions, huge: s.Giant,
		size:   func(u uint64) int { return min(filesAt(u), s.Files) },
		length: pathLengthAt,
	}
}

func openEvil(s Spec) maker {
	least := max(1, s.Files/5)
	return &packages{
		layout: newLayout(s.Count, s.Versions, s.identity()), versions: s.Versions,
		size: func(u uint64) int {
			square, _ := bits.Mul64(u, u)
			cube, _ := bits.Mul64(square, u) // a quarter on average: most names near the least
			more, _ := bits.Mul64(cube, uint64(s.Files-least+1))
			return least + int(more)
		},
		length: func(int, uint64) int { return commonLength },
	}
}

func (m *packages) sizes() layout { return m.layout }

func (m *packages) tell(building func(bytes int64) error) { m.text.building = building }

func (m *packages) stopped() error { return m.text.stopped }

// unit makes package id: version id%versions of name id/versions.
func (m *packages) unit(id int) contentmodel.Unit {
	if id == giantID {
		return m.make(m.units, 0, hugeFiles, commonLength, m.huge)
	}
	name, version, files := id/m.versions, id%m.versions, m.files(id)
	return m.make(id, version, files, m.pathLength(name, files), 0)
}

// hugeFiles is how many files the giant has at least; the bytes it must have make them many more.
const hugeFiles = 1000

// files is how many files unit id has: as many as all versions of its name.
func (m *packages) files(id int) int {
	name, names := m.rank(id)/m.versions, m.ranks()/m.versions
	return m.size(fraction(2*uint64(name)+1, 2*uint64(names)))
}

// pathLength is the mean length of the paths of a name, in 1/16 byte.
func (m *packages) pathLength(name, files int) int {
	return m.length(files, mix(m.key^mix(uint64(name))))
}

func (m *packages) make(id, version, files, pathLength int, weight int64) *rpm.Package {
	name := uint64(id / m.versions)
	p := &rpm.Package{Arch: pick(m.key^mix(name), "x86_64", "noarch", "aarch64"), Epoch: "0"}
	t := &m.text
	t.seed(m.key, 2*name)
	m.describe(p, id)
	m.depend(p)
	p.Files = t.files(p.Name, uint64(version), files, pathLength, weight)
	files = p.Files.Len()
	p.Changelogs = m.changes(name, version)

	t.seed(m.key, 2*uint64(id)+1)
	p.Version = t.version(version)
	p.Release = t.release()
	p.SourceRPM = p.Name + "-" + p.Version + "-" + p.Release + ".src.rpm"
	p.LocationHref = "Packages/" + p.Name[:1] + "/" + p.Name + "-" + p.Version + "-" + p.Release + "." + p.Arch + ".rpm"
	p.BuildHost = "build-" + p.Release + ".example.org"
	p.TimeBuild = 1_600_000_000 + int64(version)*86_400
	p.TimeFile = p.TimeBuild + int64(t.below(86_400))
	p.SizePackage = int64(files)*700 + int64(t.below(100_000))
	p.SizeInstalled = 3 * p.SizePackage
	p.SizeArchive = p.SizeInstalled + 124
	p.HeaderStart, p.HeaderEnd = 4504, 4504+int64(files)*90
	var id256 contentmodel.Digest
	for i := 0; i < len(id256); i += 8 {
		binary.BigEndian.PutUint64(id256[i:], t.Uint64())
	}
	p.PkgID = contentmodel.Checksum(id256[:])
	return p
}

// describe fills in what a reader of the package's web page would read. All
// names of a family begin alike.
func (m *packages) describe(p *rpm.Package, id int) {
	t := &m.text
	p.Name = t.packageName(mix(m.key+uint64(id/m.cluster)), id/m.versions)
	p.Summary = t.prose(30 + t.below(40))
	p.Description = t.prose(100 + t.below(500))
	p.URL = "https://" + t.name(5+t.below(9)) + ".example.org/" + p.Name
	p.License = pick(t.Uint64(), "GPLv2+", "MIT", "ASL 2.0", "BSD", "LGPLv2+ and MIT")
	p.Vendor = t.prose(12 + t.below(10))
	p.Packager = t.prose(10+t.below(10)) + " <" + t.name(8) + "@example.org>"
	p.Group = pick(t.Uint64(), "Unspecified", "System Environment/Libraries", "Applications/System")
}

// depend draws 5 to 50 requirements, 20 on average, and a few provides.
func (m *packages) depend(p *rpm.Package) {
	t := &m.text
	p.Requires = rpm.NewDependencies(t.dependencies(5 + min(t.below(46), t.below(46)))...)
	p.Provides = rpm.NewDependencies(t.dependencies(1 + t.below(3))...)
}

// changes are the ten newest entries of a name's changelog at that version:
// the next version has nine of them again, as real ones do.
func (m *packages) changes(name uint64, version int) rpm.Changelogs {
	const entries = 10
	var all []rpm.Changelog
	for n := version + entries; n > version; n-- {
		t := &m.text
		t.seed(m.key^mix(name), uint64(n))
		all = append(all, rpm.Changelog{
			Author: t.prose(12+t.below(10)) + " <" + t.name(8) + "@example.org>",
			Date:   1_600_000_000 + int64(n-entries)*86_400,
			Text:   "- " + t.prose(148+t.below(101)),
		})
	}
	return rpm.NewChangelogs(all...)
}
