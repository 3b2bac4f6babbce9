// Package filelist holds the files of a package in a quarter of the memory
// that a slice takes.
//
// Neighbours in such a list are nearly the same path, so each is kept as how
// much it has in common with the one before it, and the rest.
package filelist

import (
	"iter"

	"github.com/syncmem/syncmem/contentmodel/internal/packed"
)

// File is one path a package owns. Type is "dir", "ghost", or empty for a
// plain file; Dir ends in a slash.
type File struct{ Type, Dir, Name string }

// List is the list of a package's files. It can't be changed, and copies of it
// share its bytes. It is read from its beginning, and there is no access by
// index.
type List packed.List

// New packs a list of files. To build one file by file, see [Builder].
func New(files ...File) List {
	var b Builder
	for _, f := range files {
		b.Add(f)
	}
	return b.List()
}

// Len is how many files there are.
func (l List) Len() int { return packed.List(l).Len() }

// All yields the files in the order of the metadata. Neighbours in a
// directory share one Dir; nothing of a File refers to the list.
func (l List) All() iter.Seq[File] {
	return func(yield func(File) bool) {
		last := ""
		for p := range packed.List(l).Paths() {
			if string(p.Dir()) != last {
				last = string(p.Dir())
			}
			if !yield(File{p.Kind, last, string(p.Name())}) {
				return
			}
		}
	}
}

// Paths yields type and path of each file without allocating: the path is
// valid until the next one.
func (l List) Paths() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for p := range packed.List(l).Paths() {
			if !yield(p.Kind, p.Path) {
				return
			}
		}
	}
}

// Builder builds a list of files. The zero value is ready.
type Builder struct{ files packed.Files }

// Add appends a file.
func (b *Builder) Add(f File) { packed.AddFile(&b.files, f.Type, f.Dir+f.Name, len(f.Dir)) }

// AddPath appends a file by its path, which it copies.
func (b *Builder) AddPath(kind string, path []byte) { packed.AddPath(&b.files, kind, path) }

// List is what was added; the builder is then empty, and may be used again.
func (b *Builder) List() List { return List(b.files.List()) }

// Bytes is how many bytes the list has so far, as a measure of its weight
// while it is built. It costs next to nothing, however long the list is.
func (b *Builder) Bytes() int64 { return b.files.Bytes() }
