package file

import (
	"io"
	"iter"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/jsonw"
)

// Kind is the content type of files in stores.
const Kind = "file"

// File is one line of a manifest.
type File struct {
	Path   string // relative, with slashes, no empty or ".." element
	SHA256 contentmodel.Digest
	Size   int64 // bytes
}

// Kind is always [Kind].
func (f *File) Kind() string { return Kind }

// Key is path and digest: a path that gets new bytes is new content. The
// digest has a fixed length, so no two files share a key.
func (f *File) Key() string {
	b := make([]byte, 0, len(f.Path)+1+2*len(f.SHA256))
	b = append(b, f.Path...)
	b = append(b, ' ')
	b, _ = f.SHA256.AppendText(b)
	return string(b)
}

// Artifacts yields the file itself.
func (f *File) Artifacts() iter.Seq[contentmodel.Artifact] {
	return func(yield func(contentmodel.Artifact) bool) {
		yield(contentmodel.Artifact{Path: f.Path, Size: f.Size, Sum: f.SHA256.Checksum()})
	}
}

// WriteBody writes path, digest and size as one JSON object.
func (f *File) WriteBody(w io.Writer) error {
	j := jsonw.New(w)
	j.BeginObject()
	j.Field("path", f.Path)
	j.Field("sha256", f.SHA256.String())
	j.Key("size")
	j.Int(f.Size)
	j.EndObject()
	return j.Close()
}
