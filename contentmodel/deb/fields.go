package deb

import (
	"io"
	"strings"

	"github.com/syncmem/syncmem/contentmodel/internal/jsonw"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
	"github.com/syncmem/syncmem/contentmodel/internal/packed"
)

// text is a field of the index that is kept as a string of its own. Those with
// a check are the ones a package must have.
type text struct {
	name  string
	at    func(*Package) *string
	check func([]byte) ([]byte, error) // gives the value as it is kept, in the same bytes
}

// texts is the whole mapping between index and Package: the reader finds its
// target here, WriteBody its order.
var texts = []text{
	{"Package", func(p *Package) *string { return &p.Package }, checkName},
	{"Version", func(p *Package) *string { return &p.Version }, checkWord},
	{"Architecture", func(p *Package) *string { return &p.Architecture }, checkWord},
	{"Filename", func(p *Package) *string { return &p.Filename }, lines.CleanPath},
	{"Source", func(p *Package) *string { return &p.Source }, nil},
	{"Section", func(p *Package) *string { return &p.Section }, nil},
	{"Priority", func(p *Package) *string { return &p.Priority }, nil},
	{"Multi-Arch", func(p *Package) *string { return &p.MultiArch }, nil},
	{"Maintainer", func(p *Package) *string { return &p.Maintainer }, nil},
	{"Homepage", func(p *Package) *string { return &p.Homepage }, nil},
	{"Tag", func(p *Package) *string { return &p.Tag }, nil},
	{"Description", func(p *Package) *string { return &p.Description }, nil},
	{"Description-md5", func(p *Package) *string { return &p.DescriptionMD5 }, nil},
	{"MD5sum", func(p *Package) *string { return &p.MD5 }, nil},
	{"Depends", func(p *Package) *string { return &p.Depends }, nil},
	{"Pre-Depends", func(p *Package) *string { return &p.PreDepends }, nil},
	{"Recommends", func(p *Package) *string { return &p.Recommends }, nil},
	{"Suggests", func(p *Package) *string { return &p.Suggests }, nil},
	{"Enhances", func(p *Package) *string { return &p.Enhances }, nil},
	{"Breaks", func(p *Package) *string { return &p.Breaks }, nil},
	{"Conflicts", func(p *Package) *string { return &p.Conflicts }, nil},
	{"Replaces", func(p *Package) *string { return &p.Replaces }, nil},
	{"Provides", func(p *Package) *string { return &p.Provides }, nil},
}

// numbers are the fields that are parsed; their places follow those of texts.
var numbers = []struct {
	name  string
	parse func(*Package, []byte) error
	must  bool
}{
	{sizeName, parseSize, true},
	{sha256Name, parseSHA256, false}, // or SHA512: see missing
	{installedName, parseInstalled, false},
}

// installedPlace is the place of Installed-Size, the last of numbers.
var installedPlace = len(texts) + len(numbers) - 1

const (
	sizeName      = "Size"
	sha256Name    = "SHA256"
	installedName = "Installed-Size"
	sha512Name    = "SHA512"
)

// places finds a field by its name, as usually written and in lower case: case
// means nothing in names (Policy 5.1). A place is an index into texts, or past
// its end into numbers.
var places = func() map[string]int {
	m := make(map[string]int)
	add := func(name string, place int) { m[name], m[strings.ToLower(name)] = place, place }
	for i, t := range texts {
		add(t.name, i)
	}
	for i, n := range numbers {
		add(n.name, len(texts)+i)
	}
	return m
}()

// repeated are the fields that are repeated from package to package, one bit
// each: see places.
var repeated = func() (all uint64) {
	for _, name := range []string{"Architecture", "Section", "Priority", "Multi-Arch", "Maintainer"} {
		all |= 1 << places[name]
	}
	return all
}()

// filesName is what the files are called in a body, as in one of rpm.
const filesName = "files"

// WriteBody writes the package as one JSON object with the index's own field
// names, and "files", an array of [type, directory, name]. What the index has
// without a value is there, too.
func (p *Package) WriteBody(w io.Writer) error {
	j := jsonw.New(w)
	j.BeginObject()
	for i, t := range texts {
		if s := *t.at(p); s != "" || p.hasEmpty(i) {
			j.Key(t.name)
			j.String(s)
		}
	}
	if !p.SHA256.IsZero() {
		j.Field(sha256Name, p.SHA256.String())
	}
	j.Key(sizeName)
	j.Int(p.Size)
	if p.InstalledSize != 0 || p.hasEmpty(installedPlace) {
		j.Key(installedName)
		j.Int(p.InstalledSize)
	}
	packed.WriteFiles(j, filesName, packed.List(p.Files))
	for _, f := range p.Fields {
		if f.Name == filesName { // no field has a colon in its name
			f.Name += ":"
		}
		j.Key(f.Name)
		j.String(f.Value)
	}
	j.EndObject()
	return j.Close()
}
