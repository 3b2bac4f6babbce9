package deb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/jsonw"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
)

// SourceKind is the content type of source packages in stores.
const SourceKind = "deb-source"

// Source is one paragraph of a Sources index: a source package.
type Source struct {
	Package, Version string // the identity, with the .dsc among Files; never empty
	Directory        string // of Files, relative to the repository; empty for its root
	Files            []SourceFile
	List             string `mem:"shared"` // the field that Files are from, the best there is: Checksums-Sha256, say

	Fields []Field // all others, in the order of the index, and with them the other lists of files

	own int64 `track:"-"` // bytes of the names of Fields that are not shared
}

// MemExtra is how many bytes the names of Fields take that are s's own.
func (s *Source) MemExtra() int64 { return s.own }

// SourceFile is a file that a source package is made of.
type SourceFile struct {
	Name     string
	Size     int64 // bytes
	Checksum contentmodel.Checksum
}

// fileLists are the fields that list files, the best first.
var fileLists = []struct{ field, kind string }{
	{"Checksums-Sha512", "sha512"}, {"Checksums-Sha256", "sha256"}, {"Checksums-Sha1", "sha1"}, {"Files", "md5"},
}

const (
	sourcesRemedy = "check that it is the Sources index of a repository, and fetch it again"
	dscSuffix     = ".dsc"
)

// Kind is always [SourceKind].
func (s *Source) Kind() string { return SourceKind }

// Key is name, version and the checksum of the .dsc, which has those of the
// other files: the same version is now and then uploaded with other bytes.
func (s *Source) Key() string {
	key := s.Package + " " + s.Version
	for _, f := range s.Files {
		if strings.HasSuffix(f.Name, dscSuffix) {
			return key + " " + f.Checksum.String()
		}
	}
	return key
}

// WriteBody writes the source package as one JSON object with the index's own
// field names; its files are [checksum, size, name], as in there.
func (s *Source) WriteBody(w io.Writer) error {
	j := jsonw.New(w)
	j.BeginObject()
	j.Field("Package", s.Package)
	j.Field("Version", s.Version)
	j.Field("Directory", s.Directory)
	if len(s.Files) > 0 {
		j.Key(s.List)
		j.BeginArray()
		for _, f := range s.Files {
			j.BeginArray()
			j.String(f.Checksum.String())
			j.Int(f.Size)
			j.String(f.Name)
			j.EndArray()
		}
		j.EndArray()
	}
	for _, f := range s.Fields {
		j.Key(f.Name)
		j.String(f.Value)
	}
	j.EndObject()
	return j.Close()
}

// ReadSources reads a Sources index as a stream, as [Options.ReadPackages]
// reads one of packages.
func (o Options) ReadSources(name string, r io.Reader) iter.Seq2[*Source, error] {
	return func(yield func(*Source, error) bool) {
		a := o.across()
		defer a.kept.Close()
		o.readSources(name, r, a, yield)
	}
}

func (o Options) readSources(name string, r io.Reader, a *across, yield func(*Source, error) bool) {
	p := newParser(lines.New(name, r, maxLine, sourcesRemedy).For(lines.PackagesIndex), name, o, a)
	p.plain = true
	for {
		var s *Source
		pkg, err := p.next()
		if err == io.EOF {
			return
		}
		if err == nil {
			if s, err = sourceOf(pkg); err != nil {
				s, err = nil, p.in.ErrorAt(p.begin, "%w", err)
			}
		}
		if err != nil && p.skip(err) {
			continue
		}
		if !yield(s, err) || err != nil {
			return
		}
	}
}

// sourceOf takes the fields of a paragraph that have a place of their own.
func sourceOf(pkg *Package) (*Source, error) {
	s := &Source{own: pkg.own}
	for _, l := range fileLists {
		if pkg.field(l.field) != "" {
			s.List = l.field
			break
		}
	}
	rest := pkg.Fields[:0]
	var err error
	for _, f := range pkg.Fields {
		switch {
		case strings.EqualFold(f.Name, "Package"):
			s.Package, err = checked(f.Value, checkName)
		case strings.EqualFold(f.Name, "Version"):
			s.Version, err = checked(f.Value, checkWord)
		case strings.EqualFold(f.Name, "Directory"):
			if f.Value != "." && f.Value != "./" {
				s.Directory, err = checked(strings.TrimRight(f.Value, "/"), lines.CleanPath)
			}
		case strings.EqualFold(f.Name, s.List):
			err = s.readFiles(f.Value)
		default:
			rest = append(rest, f)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	s.Fields = append([]Field(nil), rest...) // with no room that would be kept with it
	switch {
	case s.Package == "":
		return nil, errors.New("a source package has no Package")
	case s.Version == "":
		return nil, fmt.Errorf("the source package %s has no Version", lines.Quote([]byte(s.Package)))
	case len(s.Files) == 0:
		if pkg.field("Filename") != "" {
			return nil, fmt.Errorf("%s lists no files: the input seems to be an index of packages that are built", lines.Quote([]byte(s.Package)))
		}
		return nil, fmt.Errorf("the source package %s lists no files", lines.Quote([]byte(s.Package)))
	}
	return s, nil
}

func checked(s string, check func([]byte) ([]byte, error)) (string, error) {
	b, err := check([]byte(s))
	return string(b), err
}

// readFiles reads the lines of a list: checksum, size and name.
func (s *Source) readFiles(value string) error {
	kind := ""
	for _, l := range fileLists {
		if l.field == s.List {
			kind = l.kind
		}
	}
	s.Files = make([]SourceFile, 0, strings.Count(value, "\n")+1)
	for line := range strings.Lines(value) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0: // the one with the field's name
			continue
		case len(words) != 3:
			return fmt.Errorf("want checksum, size and name but have %s", lines.Quote([]byte(strings.TrimSpace(line))))
		}
		sum, err := contentmodel.ParseChecksum(kind, words[0])
		if err != nil {
			return err
		}
		size, err := lines.ParseSize([]byte(words[1]))
		if err != nil {
			return err
		}
		name := []byte(words[2])
		if err := lines.CheckPath(name); err != nil {
			return err
		}
		if bytes.IndexByte(name, '/') >= 0 {
			return fmt.Errorf("the name of a file has a slash: %s", lines.Quote(name))
		}
		s.Files = append(s.Files, SourceFile{string(name), size, sum})
	}
	return nil
}
