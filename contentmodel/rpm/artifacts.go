package rpm

import (
	"iter"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
)

// Artifacts yields the package file; none where the metadata does not say where it is.
func (p *Package) Artifacts() iter.Seq[contentmodel.Artifact] {
	return func(yield func(contentmodel.Artifact) bool) {
		if p.LocationHref == "" {
			return
		}
		size := p.SizePackage
		if size <= 0 { // the metadata does not say; no package is empty
			size = -1
		}
		yield(contentmodel.Artifact{Path: p.location(), Size: size, Sum: p.PkgID})
	}
}

// location is where the package file is: below the root of the repository, or the whole of an address.
func (p *Package) location() string {
	if p.LocationBase == "" || strings.Contains(p.LocationHref, "://") {
		return p.LocationHref
	}
	return strings.TrimRight(p.LocationBase, "/") + "/" + p.LocationHref
}
