package deb

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
)

// releaseRemedy is for a Release that can't be read.
const releaseRemedy = "check that it is the Release of a Debian suite, and fetch it again"

// maxIndices is how many indices of packages a Release may list, compressed ones
// counted apart. Debian's own has some 60.
const maxIndices = 10_000

// Release is what a Release file says of a suite. Only the indices of packages
// and of their contents are kept of its lists.
type Release struct {
	Suite, Codename, Date     string
	Components, Architectures []string
	// ByHash tells that each file is there under its checksum, too, which stays
	// the same while the suite is updated.
	ByHash bool

	files map[string]*listed // by their names below the Release
	names []string           // of files, in their order
}

// listed is a file that a Release lists.
type listed struct {
	size int64
	sums map[string]contentmodel.Checksum // by the names of the lists
}

// sumLists are the lists of checksums, the best first.
var sumLists = []struct{ field, kind string }{
	{"SHA512", "sha512"}, {"SHA256", "sha256"}, {"SHA1", "sha1"}, {"MD5Sum", "md5"},
}

// best is the strongest checksum of a file, and the name of its list.
func (l *listed) best() (sum contentmodel.Checksum, field string) {
	for _, s := range sumLists {
		if sum, ok := l.sums[s.field]; ok {
			return sum, s.field
		}
	}
	return "", ""
}

// readRelease reads a Release, or an InRelease: the same inside a signature,
// which is not checked.
func readRelease(name string, r io.Reader, note func(string)) (*Release, error) {
	p := &releaseParser{
		in: lines.New(name, r, maxLine, releaseRemedy).For(lines.ReleaseFile), name: name, note: note,
		r: &Release{files: make(map[string]*listed)},
	}
	for {
		line, err := p.in.Next()
		if err == io.EOF {
			if p.signed {
				return nil, p.in.Errorf("ends before the signature: %w", io.ErrUnexpectedEOF)
			}
			return p.end()
		}
		if err != nil {
			return nil, err
		}
		if done, err := p.line(line); err != nil {
			return nil, err
		} else if done {
			return p.end()
		}
	}
}

const (
	signedBegin    = "-----BEGIN PGP SIGNED MESSAGE-----"
	signatureBegin = "-----BEGIN PGP SIGNATURE-----"
)

type releaseParser struct {
	in     *lines.Reader
	name   string
	note   func(string)
	r      *Release
	signed bool // inside a signed message
	armour bool // in its header
	fields int
	list   string // the list of checksums being read; empty in another field
}

func (p *releaseParser) line(line []byte) (done bool, err error) {
	if p.signed {
		switch {
		case string(line) == signatureBegin:
			return true, nil
		case p.armour:
			p.armour = len(line) > 0
			return false, nil
		}
		line = bytes.TrimPrefix(line, []byte("- ")) // RFC 4880, section 7.1
	}
	switch {
	case string(line) == signedBegin && p.fields == 0:
		p.signed, p.armour = true, true
	case len(bytes.TrimSpace(line)) == 0:
		return p.fields > 0 && !p.signed, nil // the end of the paragraph
	case line[0] == ' ' || line[0] == '\t':
		if p.list != "" {
			return false, p.file(bytes.Fields(line))
		}
	default:
		return false, p.field(line)
	}
	return false, nil
}

// field takes a line that begins a field. Some tools leave out the colon of a
// list of checksums.
func (p *releaseParser) field(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	p.list = ""
	for _, s := range sumLists {
		if strings.EqualFold(string(bytes.TrimSpace(name)), s.field) {
			p.list = s.field
		}
	}
	if !ok {
		if p.list == "" {
			return p.in.Errorf("want \"Field: value\" but have %s", lines.Quote(line))
		}
		p.note(fmt.Sprintf("%s:%d: %s has no colon behind it, and is read nevertheless", p.name, p.in.Line(), p.list))
	}
	p.fields++
	text := string(bytes.TrimSpace(value))
	switch strings.ToLower(string(name)) {
	case "suite":
		p.r.Suite = text
	case "codename":
		p.r.Codename = text
	case "date":
		p.r.Date = text
	case "components":
		p.r.Components = strings.Fields(text)
	case "architectures":
		p.r.Architectures = strings.Fields(text)
	case "acquire-by-hash":
		p.r.ByHash = strings.EqualFold(text, "yes")
	}
	return nil
}

// file takes a line of a list: checksum, size and name.
func (p *releaseParser) file(words [][]byte) error {
	if len(words) != 3 {
		p.note(fmt.Sprintf("%s:%d: a line of %s has no checksum, size and name, and is left out", p.name, p.in.Line(), p.list))
		return nil
	}
	name, err := lines.CleanPath(words[2])
	if err != nil {
		return p.in.Errorf("%w", err)
	}
	if stem(string(name), packagesIndex) == "" && stem(string(name), sourcesIndex) == "" && contentsStem(string(name)) == "" {
		return nil
	}
	size, err := lines.ParseSize(words[1])
	if err != nil {
		return p.in.Errorf("%w", err)
	}
	sum, err := contentmodel.ParseChecksum(p.kind(), words[0])
	if err != nil {
		return p.in.Errorf("%w", err)
	}
	f := p.r.files[string(name)]
	if f == nil {
		if len(p.r.names) == maxIndices {
			return p.in.Errorf("more than %d indices", maxIndices)
		}
		f = &listed{size: size, sums: make(map[string]contentmodel.Checksum, 1)}
		p.r.files[string(name)] = f
		p.r.names = append(p.r.names, string(name))
	}
	if f.size != size {
		return p.in.Errorf("%s has %d bytes in one list and %d in another", name, f.size, size)
	}
	f.sums[p.list] = sum
	return nil
}

func (p *releaseParser) kind() string {
	for _, s := range sumLists {
		if s.field == p.list {
			return s.kind
		}
	}
	return ""
}

func (p *releaseParser) end() (*Release, error) {
	if p.fields == 0 {
		return nil, p.in.Errorf("has no fields")
	}
	return p.r, nil
}

// suffixes are the compressions of an index, in the order in which they are
// asked for: what costs least to read comes first.
var suffixes = []string{".zst", ".gz", ".xz", ".bz2", ".lz4", ""}

// The names of indices.
const (
	packagesIndex = "Packages"
	sourcesIndex  = "Sources"
)

// stem is the name of an index without its compression; empty for any other
// file.
func stem(name, index string) string {
	base := path.Base(name)
	for _, s := range suffixes {
		if base == index+s {
			return strings.TrimSuffix(name, s)
		}
	}
	return ""
}

// contentsStem is stem, for Contents indices: Contents-amd64, Contents-udeb-all.
func contentsStem(name string) string {
	for _, s := range suffixes {
		name = strings.TrimSuffix(name, s)
	}
	if strings.HasPrefix(path.Base(name), "Contents-") {
		return name
	}
	return ""
}

// place is where an index belongs by its name: "main/binary-amd64/Packages" or
// "main/source/Sources", of no architecture.
// That of a flat repository belongs nowhere.
func place(stem string) (component, architecture string) {
	dir := path.Dir(stem)
	if arch, ok := strings.CutPrefix(path.Base(dir), "binary-"); ok {
		return path.Dir(dir), arch
	}
	if path.Base(dir) == "source" {
		return path.Dir(dir), ""
	}
	return "", ""
}
