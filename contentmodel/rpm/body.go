package rpm

import (
	"io"
	"iter"

	"github.com/syncmem/syncmem/contentmodel/internal/jsonw"
	"github.com/syncmem/syncmem/contentmodel/internal/packed"
)

// WriteBody writes the package as one JSON object. Lists of structs become
// arrays of arrays, because field names repeated for a hundred thousand files
// would outweigh the files.
func (p *Package) WriteBody(w io.Writer) error {
	j := jsonw.New(w)
	j.BeginObject()
	j.Field("pkgid", p.PkgID.String())
	j.Field("checksum_type", p.PkgID.Type())
	for _, f := range p.texts() {
		j.Field(f.name, f.value)
	}
	for _, f := range p.numbers() {
		j.IntField(f.name, f.value)
	}
	for _, f := range p.dependencies() {
		writeDependencies(j, f.name, f.value)
	}
	packed.WriteFiles(j, "files", packed.List(p.Files))
	writeChangelogs(j, p.Changelogs)
	j.EndObject()
	return j.Close()
}

// field is a name in the body and the value behind it. The three tables below
// are the whole mapping; they are arrays so that they stay on the stack.
type field[T any] struct {
	name  string
	value T
}

func (p *Package) texts() [16]field[string] {
	return [...]field[string]{
		{"name", p.Name},
		{"epoch", p.Epoch},
		{"version", p.Version},
		{"release", p.Release},
		{"arch", p.Arch},
		{"summary", p.Summary},
		{"description", p.Description},
		{"packager", p.Packager},
		{"url", p.URL},
		{"license", p.License},
		{"vendor", p.Vendor},
		{"group", p.Group},
		{"buildhost", p.BuildHost},
		{"sourcerpm", p.SourceRPM},
		{"location_href", p.LocationHref},
		{"location_base", p.LocationBase},
	}
}

func (p *Package) numbers() [7]field[int64] {
	return [...]field[int64]{
		{"time_file", p.TimeFile},
		{"time_build", p.TimeBuild},
		{"size_package", p.SizePackage},
		{"size_installed", p.SizeInstalled},
		{"size_archive", p.SizeArchive},
		{"header_start", p.HeaderStart},
		{"header_end", p.HeaderEnd},
	}
}

func (p *Package) dependencies() [8]field[Dependencies] {
	return [...]field[Dependencies]{
		{"requires", p.Requires},
		{"provides", p.Provides},
		{"conflicts", p.Conflicts},
		{"obsoletes", p.Obsoletes},
		{"suggests", p.Suggests},
		{"enhances", p.Enhances},
		{"recommends", p.Recommends},
		{"supplements", p.Supplements},
	}
}

func writeDependencies(j *jsonw.Writer, name string, deps Dependencies) {
	list(j, name, deps.Len(), deps.All(), func(d Dependency) {
		j.String(d.Name)
		j.String(d.Flags)
		j.String(d.Epoch)
		j.String(d.Version)
		j.String(d.Release)
		if d.Pre {
			j.String("pre")
		}
	})
}

func writeChangelogs(j *jsonw.Writer, logs Changelogs) {
	list(j, "changelogs", logs.Len(), logs.All(), func(c Changelog) {
		j.String(c.Author)
		j.Int(c.Date)
		j.String(c.Text)
	})
}

// list writes an array of arrays, or nothing for an empty list.
func list[T any](j *jsonw.Writer, name string, n int, all iter.Seq[T], one func(T)) {
	if n == 0 {
		return
	}
	j.Key(name)
	j.BeginArray()
	for v := range all {
		j.BeginArray()
		one(v)
		j.EndArray()
	}
	j.EndArray()
}
