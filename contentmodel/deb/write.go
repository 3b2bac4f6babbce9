package deb

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/syncmem/syncmem/contentmodel/internal/extsort"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
	"github.com/syncmem/syncmem/contentmodel/internal/outfile"
	"github.com/syncmem/syncmem/contentmodel/internal/packed"
)

// WriteOptions are for [NewWriter]. The zero value is ready.
type WriteOptions struct {
	Suite     string // the directory below dists; "stable" if empty
	Component string // "main" if empty
	// Architectures are those that packages may be for, beside "all"; amd64 if
	// there are none.
	Architectures []string
	// Suffix is the compression: ".gz" (the default), ".zst", or ".none".
	Suffix string
	// Contents writes the files of the packages, too.
	Contents bool
	// Time stands in the Release; the zero time is 1970, so that the same
	// packages make the same files.
	Time time.Time
	// TempDir is where Contents are sorted; empty for the system's own.
	TempDir string
}

// Writer writes the metadata of a repository: an index of packages for each
// architecture, if it is wanted one of their contents, one of source packages if
// there are any, and the Release, which nobody signs. It holds one package at a
// time, and 6 MiB for the contents of each architecture. It belongs to one
// goroutine.
type Writer struct {
	dir     string // of the Release
	opt     WriteOptions
	suffix  string
	indices []*outfile.File   // one an architecture
	files   []*extsort.Sorter // likewise: packages by path
	sources *outfile.File     // nil until there is one
	release []string          // lines about files that are ended
	buf     bytes.Buffer      // a paragraph
	err     error
}

// NewWriter makes dir/dists/SUITE, if there is none, and begins to write there.
func NewWriter(dir string, opt WriteOptions) (*Writer, error) {
	opt.Suite, opt.Component = cmp.Or(opt.Suite, "stable"), cmp.Or(opt.Component, "main")
	if len(opt.Architectures) == 0 {
		opt.Architectures = []string{"amd64"}
	}
	w := &Writer{dir: filepath.Join(dir, "dists", filepath.FromSlash(opt.Suite)), opt: opt, suffix: cmp.Or(opt.Suffix, ".gz")}
	if w.suffix == ".none" {
		w.suffix = ""
	}
	for _, a := range opt.Architectures {
		f, err := w.create("binary-"+a, packagesIndex)
		if err != nil {
			w.abandon()
			return nil, err
		}
		w.indices = append(w.indices, f)
		if opt.Contents {
			w.files = append(w.files, extsort.New(opt.TempDir, "what is in packages is listed by path"))
		}
	}
	return w, nil
}

func (w *Writer) create(dir, name string) (*outfile.File, error) {
	at := filepath.Join(w.dir, filepath.FromSlash(w.opt.Component), dir)
	if err := os.MkdirAll(at, 0o755); err != nil {
		return nil, err
	}
	return outfile.Create(filepath.Join(at, name), w.suffix)
}

// Write writes one package, into each index if it is for all architectures. What
// an index has no way to say is an error, and then nothing of it is written.
func (w *Writer) Write(p *Package) error {
	if w.err != nil {
		return w.err
	}
	at := slices.Index(w.opt.Architectures, p.Architecture)
	if at < 0 && p.Architecture != allArchitectures {
		return fmt.Errorf("deb: package %q is for %q, of which there is no index", p.Package, p.Architecture)
	}
	if err := w.paragraph(p); err != nil {
		return fmt.Errorf("deb: package %q: %w", p.Package, err)
	}
	for i, f := range w.indices {
		if at >= 0 && i != at {
			continue
		}
		_, _ = f.Write(w.buf.Bytes())
		if w.opt.Contents {
			if err := addFiles(w.files[i], p); err != nil {
				w.err = err
				return err
			}
		}
	}
	return nil
}

// addFiles adds the files of a package to what Contents will list, which has no
// directories.
func addFiles(to *extsort.Sorter, p *Package) error {
	where := p.Package
	if p.Section != "" {
		where = p.Section + "/" + p.Package
	}
	for f := range packed.List(p.Files).Paths() {
		name := bytes.TrimLeft(f.Path, "/")
		if f.Kind == "dir" || len(name) == 0 {
			continue
		}
		if err := to.Add(name, []byte(where)); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) paragraph(p *Package) error {
	w.buf.Reset()
	for i, t := range texts {
		v := *t.at(p)
		if v == "" && !p.hasEmpty(i) {
			continue
		}
		if t.check != nil { // what our own reader would refuse
			if _, err := t.check([]byte(v)); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
		if err := w.field(t.name, v); err != nil {
			return err
		}
	}
	fmt.Fprintf(&w.buf, "%s: %d\n", sizeName, p.Size)
	if p.InstalledSize != 0 || p.hasEmpty(installedPlace) {
		fmt.Fprintf(&w.buf, "%s: %d\n", installedName, p.InstalledSize)
	}
	if !p.SHA256.IsZero() {
		fmt.Fprintf(&w.buf, "%s: %s\n", sha256Name, p.SHA256)
	}
	if err := w.fields(p.Fields); err != nil {
		return err
	}
	for f := range packed.List(p.Files).Paths() {
		if w.opt.Contents && bytes.ContainsAny(f.Path, "\n\r") {
			return fmt.Errorf("there is no way to list %s in Contents", lines.Quote(f.Path))
		}
	}
	w.buf.WriteByte('\n')
	return nil
}

func (w *Writer) fields(all []Field) error {
	for _, f := range all {
		if err := w.field(f.Name, f.Value); err != nil {
			return err
		}
	}
	return nil
}

// field writes a field whose further lines are folded, as the reader keeps them.
func (w *Writer) field(name, value string) error {
	if _, err := checkWord([]byte(name)); err != nil || strings.Contains(name, ":") || name[0] == '#' || name[0] == '-' {
		return fmt.Errorf("%q can't be the name of a field", name)
	}
	w.buf.WriteString(name)
	w.buf.WriteByte(':')
	for i, line := range strings.Split(value, "\n") {
		switch {
		case i == 0 && line != "":
			w.buf.WriteByte(' ')
		case i > 0 && line == "":
			line = " "
		case i > 0 && line[0] != ' ' && line[0] != '\t':
			return fmt.Errorf("%s: a line after the first must begin with a space: %s", name, lines.Quote([]byte(line)))
		}
		w.buf.WriteString(line)
		w.buf.WriteByte('\n')
	}
	return nil
}

// WriteSource writes one source package.
func (w *Writer) WriteSource(s *Source) (err error) {
	if w.err != nil {
		return w.err
	}
	if w.sources == nil {
		if w.sources, err = w.create("source", sourcesIndex); err != nil {
			return err
		}
	}
	w.buf.Reset()
	list := ""
	for _, f := range s.Files {
		list += fmt.Sprintf("\n %s %d %s", f.Checksum, f.Size, f.Name)
	}
	err = w.fields([]Field{{"Package", s.Package}, {"Version", s.Version}, {"Directory", cmp.Or(s.Directory, ".")}, {s.List, list}})
	if err = cmp.Or(err, w.fields(s.Fields)); err != nil {
		return fmt.Errorf("deb: source package %q: %w", s.Package, err)
	}
	w.buf.WriteByte('\n')
	_, _ = w.sources.Write(w.buf.Bytes())
	return nil
}

// Close ends the indices and writes Contents and the Release. Without it there
// is no repository.
func (w *Writer) Close() error {
	if w.err == nil {
		w.err = w.end()
	}
	w.abandon()
	err := w.err
	w.err = cmp.Or(err, errors.New("deb: the writer is closed"))
	return err
}

func (w *Writer) end() error {
	for i, f := range append(w.indices, w.sources) {
		if f == nil {
			continue
		}
		if err := w.ended(f); err != nil {
			return err
		}
		if i < len(w.files) {
			if err := w.contents(i); err != nil {
				return err
			}
		}
	}
	r := fmt.Sprintf("Suite: %s\nCodename: %s\nDate: %s\nArchitectures: %s\nComponents: %s\nSHA256:\n%s", w.opt.Suite, path.Base(w.opt.Suite),
		w.date(), strings.Join(w.opt.Architectures, " "), w.opt.Component, strings.Join(w.release, ""))
	return os.WriteFile(filepath.Join(w.dir, "Release"), []byte(r), 0o644)
}

// date is as in RFC 5322, in UTC, which apt wants.
func (w *Writer) date() string {
	t := w.opt.Time
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC")
}

// ended ends a file, and has it listed by the Release, as it is and as it was
// before it was compressed.
func (w *Writer) ended(f *outfile.File) error {
	if err := f.Close(); err != nil {
		return err
	}
	name, err := filepath.Rel(w.dir, f.Name())
	if err != nil {
		return err
	}
	name = filepath.ToSlash(name)
	add := func(s outfile.Sum, name string) {
		w.release = append(w.release, fmt.Sprintf(" %x %d %s\n", s.SHA256, s.Bytes, name))
	}
	add(f.Stored(), name)
	if w.suffix != "" {
		add(f.Open(), strings.TrimSuffix(name, w.suffix))
	}
	return nil
}

// contents writes the Contents of an architecture.
func (w *Writer) contents(i int) error {
	sorted, err := w.files[i].Sort()
	if err != nil {
		return err
	}
	defer sorted.Close()
	f, err := w.create("", "Contents-"+w.opt.Architectures[i])
	if err != nil {
		return err
	}
	defer f.Abandon()
	var last []byte
	var packages []string
	flush := func() {
		if len(packages) > 0 {
			fmt.Fprintf(f, "%-55s %s\n", last, strings.Join(packages, ","))
		}
	}
	err = sorted.All(func(name, where []byte) error {
		if !bytes.Equal(name, last) {
			flush()
			last, packages = append(last[:0], name...), packages[:0]
		}
		if !slices.Contains(packages, string(where)) { // of two versions
			packages = append(packages, string(where))
		}
		return nil
	})
	if err != nil {
		return err
	}
	flush()
	return w.ended(f)
}

func (w *Writer) abandon() {
	for _, f := range append(w.indices, w.sources) {
		if f != nil {
			f.Abandon()
		}
	}
	for _, s := range w.files {
		s.Close()
	}
}
