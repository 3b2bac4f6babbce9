package rpm

import (
	"bytes"
	"encoding/binary"
	"iter"
	"strings"
)

// File is one path a package owns. Type is "dir", "ghost", or empty for a
// plain file; Dir ends in a slash.
type File struct{ Type, Dir, Name string }

// Files is the list of a package's files. It can't be changed, and copies of
// it share its bytes.
//
// Neighbours in such a list are nearly the same path, so each is kept as how
// much it has in common with the one before it, and the rest: about a quarter
// of what a slice of [File] takes. It is read from its beginning, and there is
// no access by index.
type Files struct{ list packed }

// NewFiles packs a list of files. To build one file by file, see
// [FilesBuilder].
func NewFiles(files ...File) Files {
	var b FilesBuilder
	for _, f := range files {
		b.Add(f)
	}
	return b.Files()
}

// Len is how many files there are.
func (f Files) Len() int { return f.list.size() }

// All yields the files in the order of the metadata. Neighbours in a
// directory share one Dir; nothing of a File refers to the list.
func (f Files) All() iter.Seq[File] {
	return func(yield func(File) bool) {
		last := ""
		for p := range f.paths() {
			if string(p.dir()) != last {
				last = string(p.dir())
			}
			if !yield(File{p.kind, last, string(p.name())}) {
				return
			}
		}
	}
}

// Paths yields type and path of each file without allocating: the path is
// valid until the next one.
func (f Files) Paths() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for p := range f.paths() {
			if !yield(p.kind, p.path) {
				return
			}
		}
	}
}

// filePath is a file in the buffer of an iteration.
type filePath struct {
	kind string
	path []byte
	cut  int // where the name begins
}

func (p *filePath) dir() []byte  { return p.path[:p.cut] }
func (p *filePath) name() []byte { return p.path[p.cut:] }

// fileKinds are the types that take no room of their own. A file of another
// type, or whose directory is not what is before the last slash, is odd.
var fileKinds = [...]string{"", "dir", "ghost"}

const (
	kindBits = 2
	oddFile  = len(fileKinds)
)

func (f Files) paths() iter.Seq[*filePath] {
	return func(yield func(*filePath) bool) {
		var p filePath
		for r := range f.list.pieces() {
			for len(r.s) > 0 {
				head := r.uint()
				kind, shared := int(head&(1<<kindBits-1)), head>>kindBits
				p.path = append(p.path[:shared], r.sized()...)
				if kind == oddFile {
					p.cut = r.int()
					p.kind = r.sized()
				} else {
					p.kind = fileKinds[kind]
					p.cut = bytes.LastIndexByte(p.path, '/') + 1
				}
				if !yield(&p) {
					return
				}
			}
		}
	}
}

// FilesBuilder builds a list of files. The zero value is ready.
type FilesBuilder struct {
	pack packer
	last []byte // the path added last
}

// Add appends a file.
func (b *FilesBuilder) Add(f File) {
	path := f.Dir + f.Name
	kind := kindOf(f.Type)
	if strings.LastIndexByte(path, '/')+1 != len(f.Dir) {
		kind = oddFile
	}
	addFile(b, kind, f.Type, path, len(f.Dir))
}

// AddPath appends a file by its path, which it copies.
func (b *FilesBuilder) AddPath(kind string, path []byte) {
	addFile(b, kindOf(kind), kind, path, bytes.LastIndexByte(path, '/')+1)
}

func kindOf(kind string) int {
	for i, k := range fileKinds {
		if k == kind {
			return i
		}
	}
	return oddFile
}

func addFile[S string | []byte](b *FilesBuilder, kind int, kindName string, path S, cut int) {
	if b.pack.begin(len(path) + len(kindName) + 4*binary.MaxVarintLen32) {
		b.last = b.last[:0]
	}
	shared := common(b.last, path)
	b.pack.uint(uint64(shared)<<kindBits | uint64(kind))
	appendSized(&b.pack, path[shared:])
	if kind == oddFile {
		b.pack.uint(uint64(cut))
		appendSized(&b.pack, kindName)
	}
	b.last = append(b.last[:shared], path[shared:]...)
}

// common is how many bytes a and b have in common at their beginning.
func common[S string | []byte](a []byte, b S) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// Files is the list of what was added; the builder is then empty, and may be
// used again.
func (b *FilesBuilder) Files() Files {
	b.last = b.last[:0]
	return Files{b.pack.list()}
}

// Bytes is how many bytes the list has so far, as a measure of its weight
// while it is built. It costs next to nothing, however long the list is.
func (b *FilesBuilder) Bytes() int64 { return int64(b.pack.packed + len(b.pack.buf)) }
