package deb

import (
	"iter"

	"github.com/syncmem/syncmem/contentmodel"
)

// Artifacts yields the package file, with its SHA-512 if the index has one, else with its SHA-256.
func (p *Package) Artifacts() iter.Seq[contentmodel.Artifact] {
	return func(yield func(contentmodel.Artifact) bool) {
		yield(contentmodel.Artifact{Path: p.Filename, Size: p.Size, Sum: p.strongest()})
	}
}

// strongest is the best checksum of the package file. A SHA512 beside a SHA256 is not looked at by the reader, so it may be
// anything; the SHA256 is what counts then.
func (p *Package) strongest() contentmodel.Checksum {
	if sum, err := contentmodel.ParseChecksum("sha512", p.field(sha512Name)); err == nil {
		return sum
	}
	return p.SHA256.Checksum()
}

// Artifacts yields the files that the source package is made of, in the order of the index.
func (s *Source) Artifacts() iter.Seq[contentmodel.Artifact] {
	return func(yield func(contentmodel.Artifact) bool) {
		for _, f := range s.Files {
			path := f.Name
			if s.Directory != "" {
				path = s.Directory + "/" + f.Name
			}
			if !yield(contentmodel.Artifact{Path: path, Size: f.Size, Sum: f.Checksum}) {
				return
			}
		}
	}
}
