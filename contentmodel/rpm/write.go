package rpm

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/syncmem/syncmem/contentmodel/internal/outfile"
	"github.com/syncmem/syncmem/contentmodel/internal/packed"
)

// WriteOptions are for [NewWriter]. The zero value is ready.
type WriteOptions struct {
	// Packages is how many there will be: the documents say so at their
	// beginning, and createrepo_c makes its tables by it. Zero leaves it out.
	Packages int
	// Suffix is the compression: ".gz" (the default), ".zst", or ".xml" for none.
	Suffix string
	// Time stands in repomd.xml; the zero time is 1970, so that the same
	// packages make the same files.
	Time time.Time
}

// Writer writes the metadata of a repository: primary, filelists, other and
// repomd.xml. It holds one package at a time. It belongs to one goroutine.
type Writer struct {
	dir  string
	opt  WriteOptions
	docs [parts]*document
	err  error
}

// NewWriter makes dir/repodata, if there is none, and begins to write there.
func NewWriter(dir string, opt WriteOptions) (*Writer, error) {
	w := &Writer{dir: filepath.Join(dir, "repodata"), opt: opt}
	w.opt.Suffix = cmp.Or(opt.Suffix, ".gz")
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return nil, err
	}
	count := ""
	if opt.Packages > 0 {
		count = fmt.Sprintf(` packages="%d"`, opt.Packages)
	}
	for i, begin := range [parts]string{
		`<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"`,
		`<filelists xmlns="http://linux.duke.edu/metadata/filelists"`,
		`<otherdata xmlns="http://linux.duke.edu/metadata/other"`,
	} {
		f, err := outfile.Create(filepath.Join(w.dir, partNames[i]+".xml"), strings.TrimSuffix(w.opt.Suffix, ".xml"))
		if err != nil {
			w.abandon()
			return nil, err
		}
		d := &document{File: f}
		w.docs[i] = d
		d.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + begin + count + ">\n")
	}
	return w, nil
}

// Write writes one package. What XML has no way to say is an error: a control
// character.
func (w *Writer) Write(p *Package) error {
	w.docs[primaryPart].primary(p)
	d := w.docs[filelistsPart]
	d.head(p)
	for f := range packed.List(p.Files).Paths() {
		d.file(f)
	}
	d.raw("</package>\n")
	d = w.docs[otherPart]
	d.head(p)
	for c := range p.Changelogs.All() {
		d.raw("  <changelog")
		d.attr("author", c.Author)
		d.raw(fmt.Sprintf(` date="%d">`, c.Date))
		d.text(c.Text)
		d.raw("</changelog>\n")
	}
	d.raw("</package>\n")
	for _, d := range w.docs {
		if d.err != nil {
			return fmt.Errorf("%s: package %s: %w", d.Name(), p, d.err)
		}
	}
	return nil
}

// Close ends the documents and writes repomd.xml. Without it there is no
// repository.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	w.err = errors.New("rpm: the writer is closed")
	md := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>%d</revision>
`, w.unix())
	for i, end := range [parts]string{"</metadata>\n", "</filelists>\n", "</otherdata>\n"} {
		d := w.docs[i]
		d.raw(end)
		if err := d.Close(); err != nil {
			w.abandon()
			return err
		}
		md += fmt.Sprintf(`  <data type="%s">
    <checksum type="sha256">%x</checksum>
    <open-checksum type="sha256">%x</open-checksum>
    <location href="repodata/%s"/>
    <timestamp>%d</timestamp>
    <size>%d</size>
    <open-size>%d</open-size>
  </data>
`, partNames[i], d.Stored().SHA256, d.Open().SHA256, filepath.Base(d.Name()), w.unix(), d.Stored().Bytes, d.Open().Bytes)
	}
	return os.WriteFile(filepath.Join(w.dir, "repomd.xml"), []byte(md+"</repomd>\n"), 0o644)
}

func (w *Writer) unix() int64 {
	if w.opt.Time.IsZero() {
		return 0
	}
	return w.opt.Time.Unix()
}

func (w *Writer) abandon() {
	for _, d := range w.docs {
		if d != nil {
			d.Abandon()
		}
	}
}

// document is one file while it is written.
type document struct {
	*outfile.File
	err error // of a text
}

// raw writes XML as it is; errors of the file show at the end, as is usual for
// a bufio.Writer.
func (d *document) raw(s string) { _, _ = d.WriteString(s) }

// text writes s with what has a meaning in XML as references.
func (d *document) text(s string) { d.escaped(s, false) }

func (d *document) escaped(s string, attr bool) {
	from := 0
	for i := range len(s) {
		esc := ""
		switch c := s[i]; {
		case c == '&':
			esc = "&amp;"
		case c == '<':
			esc = "&lt;"
		case c == '>':
			esc = "&gt;"
		case c == '"':
			esc = "&quot;"
		case c == '\r':
			esc = "&#13;"
		case attr && c == '\n': // as itself it would be read as a space
			esc = "&#10;"
		case attr && c == '\t':
			esc = "&#9;"
		case c == '\n', c == '\t', c >= ' ':
			continue
		default:
			d.err = cmp.Or(d.err, fmt.Errorf("XML has no way to write the character %#x of %.80q", c, s))
			continue
		}
		d.raw(s[from:i])
		d.raw(esc)
		from = i + 1
	}
	d.raw(s[from:])
}

func (d *document) attr(name, value string) {
	d.raw(" " + name + `="`)
	d.escaped(value, true)
	d.raw(`"`)
}

func (d *document) element(name, text string) {
	d.raw("  <" + name + ">")
	d.text(text)
	d.raw("</" + name + ">\n")
}

// head begins a package in filelists and other.
func (d *document) head(p *Package) {
	d.raw("<package")
	d.attr("pkgid", p.PkgID.String())
	d.attr("name", p.Name)
	d.attr("arch", p.Arch)
	d.raw(">\n")
	d.version(p)
}

func (d *document) version(p *Package) {
	d.raw("  <version")
	d.attr("epoch", p.Epoch)
	d.attr("ver", p.Version)
	d.attr("rel", p.Release)
	d.raw("/>\n")
}

func (d *document) file(f *packed.FilePath) {
	d.raw("  <file")
	if f.Kind != "" {
		d.attr("type", f.Kind)
	}
	d.raw(">")
	d.text(string(f.Path))
	d.raw("</file>\n")
}

// primary writes a package in primary.
func (d *document) primary(p *Package) {
	d.raw("<package type=\"rpm\">\n")
	d.element("name", p.Name)
	d.element("arch", p.Arch)
	d.version(p)
	d.raw(fmt.Sprintf("  <checksum type=%q pkgid=\"YES\">%s</checksum>\n", p.PkgID.Type(), p.PkgID))
	d.element("summary", p.Summary)
	d.element("description", p.Description)
	d.element("packager", p.Packager)
	d.element("url", p.URL)
	d.raw(fmt.Sprintf("  <time file=\"%d\" build=\"%d\"/>\n", p.TimeFile, p.TimeBuild))
	d.raw(fmt.Sprintf("  <size package=\"%d\" installed=\"%d\" archive=\"%d\"/>\n", p.SizePackage, p.SizeInstalled, p.SizeArchive))
	d.raw("  <location")
	if p.LocationBase != "" {
		d.attr("xml:base", p.LocationBase)
	}
	d.attr("href", p.LocationHref)
	d.raw("/>\n  <format>\n")
	for _, f := range []field[string]{
		{"rpm:license", p.License},
		{"rpm:vendor", p.Vendor},
		{"rpm:group", p.Group},
		{"rpm:buildhost", p.BuildHost},
		{"rpm:sourcerpm", p.SourceRPM},
	} {
		d.element(f.name, f.value)
	}
	d.raw(fmt.Sprintf("  <rpm:header-range start=\"%d\" end=\"%d\"/>\n", p.HeaderStart, p.HeaderEnd))
	for _, f := range p.dependencies() {
		d.dependencies("rpm:"+f.name, f.value)
	}
	d.raw("  </format>\n</package>\n")
}

func (d *document) dependencies(name string, all Dependencies) {
	if all.Len() == 0 {
		return
	}
	d.raw("  <" + name + ">\n")
	for dep := range all.All() {
		d.raw("    <rpm:entry")
		d.attr("name", dep.Name)
		for _, f := range []field[string]{{"flags", dep.Flags}, {"epoch", dep.Epoch}, {"ver", dep.Version}, {"rel", dep.Release}} {
			if f.value != "" {
				d.attr(f.name, f.value)
			}
		}
		if dep.Pre {
			d.attr("pre", "1")
		}
		d.raw("/>\n")
	}
	d.raw("  </" + name + ">\n")
}
