package contentmodel

import "iter"

// Artifact is a file that belongs to a unit: the package itself, where the unit is what the metadata says of it.
type Artifact struct {
	// Path is where the artifact is below the root of its repository, with slashes, or the whole of its URL where the
	// metadata says so. It is as the metadata has it: whoever opens it must see to it that it does not leave the root.
	Path string

	// Size is how many bytes it has; negative where that is not known.
	Size int64

	// Sum is the strongest checksum that the metadata gives; empty where it gives none.
	Sum Checksum
}

// HasArtifacts is a unit that has artifacts. Package deb, rpm, npm and file have such units.
type HasArtifacts interface {
	Unit

	// Artifacts yields the artifacts of the unit, in the same order each time. It does not allocate for those that are
	// not asked for, and is safe as the methods of [Unit] are.
	Artifacts() iter.Seq[Artifact]
}
