package packed

import (
	"bytes"
	"encoding/binary"
	"iter"

	"github.com/syncmem/syncmem/contentmodel/internal/jsonw"
)

// FilePath is a file in the buffer of an iteration.
type FilePath struct {
	Kind string
	Path []byte
	cut  int // where the name begins
}

// Dir is the directory, with a slash at its end.
func (p *FilePath) Dir() []byte { return p.Path[:p.cut] }

// Name is what follows Dir.
func (p *FilePath) Name() []byte { return p.Path[p.cut:] }

// FileKinds are the types that take no room of their own. A file of another
// type, or whose directory is not what is before the last slash, is odd.
var FileKinds = [...]string{"", "dir", "ghost"}

const (
	kindBits = 2
	oddFile  = len(FileKinds)
)

// Paths yields the files of a list. What is yielded is valid until the next.
func (l List) Paths() iter.Seq[*FilePath] {
	return func(yield func(*FilePath) bool) {
		var p FilePath
		for r := range l.Pieces() {
			for !r.Empty() {
				head := r.Uint()
				kind, shared := int(head&(1<<kindBits-1)), head>>kindBits
				p.Path = append(p.Path[:shared], r.Sized()...)
				if kind == oddFile {
					p.cut = r.Int()
					p.Kind = r.Sized()
				} else {
					p.Kind = FileKinds[kind]
					p.cut = bytes.LastIndexByte(p.Path, '/') + 1
				}
				if !yield(&p) {
					return
				}
			}
		}
	}
}

// kindOf is the place of a type among FileKinds.
func kindOf(kind string) int {
	for i, k := range FileKinds {
		if k == kind {
			return i
		}
	}
	return oddFile
}

// Files builds a list of files. The zero value is ready.
type Files struct {
	pack Packer
	last []byte // the path added last
}

// Bytes is how many bytes the list has so far.
func (b *Files) Bytes() int64 { return b.pack.Bytes() }

// List is what was added; the builder is then empty.
func (b *Files) List() List {
	b.last = b.last[:0]
	return b.pack.List()
}

// AddPath adds a file by its path, whose directory ends at the last slash.
func AddPath[S string | []byte](b *Files, kindName string, path S) {
	kind, cut := kindOf(kindName), 0
	if kind == oddFile { // of others it is not written
		cut = lastSlash(path) + 1
	}
	addFile(b, kind, kindName, path, cut)
}

func lastSlash[S string | []byte](s S) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' {
			return i
		}
	}
	return -1
}

// AddFile adds a file by its path, whose directory ends at cut.
func AddFile[S string | []byte](b *Files, kindName string, path S, cut int) {
	kind := kindOf(kindName)
	if lastSlash(path)+1 != cut {
		kind = oddFile
	}
	addFile(b, kind, kindName, path, cut)
}

func addFile[S string | []byte](b *Files, kind int, kindName string, path S, cut int) {
	if b.pack.Begin(len(path) + len(kindName) + 4*binary.MaxVarintLen32) {
		b.last = b.last[:0]
	}
	shared := common(b.last, path)
	b.pack.Uint(uint64(shared)<<kindBits | uint64(kind))
	AppendSized(&b.pack, path[shared:])
	if kind == oddFile {
		b.pack.Uint(uint64(cut))
		AppendSized(&b.pack, kindName)
	}
	b.last = append(b.last[:shared], path[shared:]...)
}

// common is how many bytes a and b have in common at their beginning.
func common[S string | []byte](a []byte, b S) int {
	const word = 8 // bytes that are compared at once
	n, i := min(len(a), len(b)), 0
	for i+word <= n && string(a[i:i+word]) == string(b[i:i+word]) {
		i += word
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// WriteFiles writes a list as the member "files" of an object: an array of
// [type, directory, name], and nothing where there are none.
func WriteFiles(j *jsonw.Writer, name string, l List) {
	if l.Len() == 0 {
		return
	}
	j.Key(name)
	j.BeginArray()
	for f := range l.Paths() {
		j.BeginArray()
		j.String(f.Kind)
		j.Bytes(f.Dir())
		j.Bytes(f.Name())
		j.EndArray()
	}
	j.EndArray()
}
