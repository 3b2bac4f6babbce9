package deb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
	"github.com/syncmem/syncmem/contentmodel/internal/scale"
	"github.com/syncmem/syncmem/contentmodel/internal/shared"
	"github.com/syncmem/syncmem/contentmodel/internal/spare"
)

// What a reader accepts. The largest paragraph of Debian bookworm has 76 kB,
// nearly all of it in one line.
const (
	maxLine      = 1 << 20 // bytes
	maxParagraph = 4 << 20 // bytes of values
	maxFields    = 1 << 16 // fields without a place of their own
)

// remedy is for a line that can't be read.
const remedy = "check that it is the Packages index of a repository, and fetch it again"

// Options are for reading an index. The zero value is ready.
type Options struct {
	// SkipBad is how many paragraphs may be left out because they can't be
	// used; each is told to Note. One more is the error that it would have been.
	SkipBad int
	// Note is told what is odd but stops nothing. It is called by the goroutine
	// that reads. Nil drops it.
	Note func(string)
	// Building is told what the package or source that is being read weighs, in
	// bytes, for every 32 KiB that it comes to have, its files by Contents
	// included: memory can be asked for before it is taken, and most are never
	// told of. It is called by the goroutine that reads. An error ends the
	// sequence: it is wrapped, with the place. Nil drops it. Package memacct's
	// Gate.Building has a method that is one, as has an Out of package pipeline.
	Building func(bytes int64) error
	// Kept is told how many bytes the reader keeps beside the unit that it is at:
	// of the strings that units share, of what is known of packages for all
	// architectures, and while Contents are sorted. It is called by the goroutine
	// that reads, for every 32 KiB more or less, and with 0 at the end. Nil drops
	// it. The Set of a Hold of package memacct is one.
	Kept func(bytes int64)
}

// across is what the indices of one range have in common.
type across struct {
	left   *spare.Units // what may be left out of all
	weight *scale.Scale // of the unit that is being read
	kept   *shared.Kept
	text   *shared.Strings
}

func (o Options) across() *across {
	kept := shared.NewKept(o.Kept)
	return &across{spare.New(o.SkipBad, o.Note), scale.New(o.Building), kept, shared.NewStrings(kept)}
}

// ReadPackages reads a Packages index as [Options.ReadPackages] does, without
// any options.
func ReadPackages(name string, r io.Reader) iter.Seq2[*Package, error] {
	return Options{}.ReadPackages(name, r)
}

// ReadPackages reads a Packages index as a stream; name stands in its errors.
// It holds one paragraph at a time and hands out packages that pin nothing of
// its buffers, each field in a string of its own, or one that packages share.
//
// What apt reads is read: a Filename may begin with a slash or have two in a
// row, a field may be there twice, and an Installed-Size may be no number.
//
// The first error ends the sequence: (nil, err), where err is a
// InputError of package contentmodel with the line. The sequence reads r as it goes, so
// it can be ranged over once.
func (o Options) ReadPackages(name string, r io.Reader) iter.Seq2[*Package, error] {
	return func(yield func(*Package, error) bool) {
		a := o.across()
		defer a.kept.Close()
		o.readPackages(name, r, a, yield)
	}
}

// readPackages is ReadPackages, of one index of several.
func (o Options) readPackages(name string, r io.Reader, a *across, yield func(*Package, error) bool) {
	p := newParser(lines.New(name, r, maxLine, remedy).For(lines.PackagesIndex), name, o, a)
	for {
		pkg, err := p.next()
		if err == io.EOF {
			return
		}
		if err != nil && p.skip(err) {
			continue
		}
		if !yield(pkg, err) || err != nil {
			return
		}
	}
}

// parser holds the paragraph being read. A field is complete only when the
// next one begins, so its value waits in a buffer that is reused.
type parser struct {
	in     *lines.Reader
	source string
	opt    Options
	broken error // of the stream, which nothing can be read behind
	*across
	plain bool // every field is one of Fields, and none is missed

	pkg     *Package       // nil between paragraphs
	begin   int64          // the paragraph's first line
	size    int            // bytes of values so far
	seen    uint64         // the places filled, one bit each
	name    []byte         // of the field that is open; empty if none
	lower   []byte         // the same in lower case
	value   []byte         // of it
	fieldAt int64          // its line
	table   map[string]int // where Fields are, if there are many
}

func newParser(in *lines.Reader, name string, o Options, a *across) *parser {
	return &parser{in: in, source: name, opt: o, across: a}
}

// note tells what is odd about the field that was read last.
func (p *parser) note(format string, args ...any) {
	if p.opt.Note != nil {
		p.opt.Note(fmt.Sprintf("%s:%d: ", p.source, p.fieldAt) + fmt.Sprintf(format, args...))
	}
}

// skip leaves out the paragraph that can't be used, if that is allowed, and
// reads on to its end.
func (p *parser) skip(err error) bool {
	if p.broken != nil || !p.left.Use(err) {
		return false
	}
	for p.pkg != nil {
		line, err := p.in.Next()
		switch {
		case errors.Is(err, lines.ErrNUL): // it is left out with the rest
		case err != nil:
			p.broken = err // next meets it, too
			p.reset()
		case len(line) == 0:
			p.reset()
		}
	}
	p.reset()
	return true
}

func (p *parser) reset() {
	p.pkg, p.size, p.seen, p.name = nil, 0, 0, p.name[:0]
}

// next reads one paragraph, or io.EOF. Only an empty line ends it: one of
// spaces is a part of a folded value.
func (p *parser) next() (*Package, error) {
	for {
		if p.broken != nil {
			return nil, p.broken
		}
		line, err := p.in.Next()
		if errors.Is(err, lines.ErrNUL) {
			p.beginAt(p.in.Line())
			return nil, err
		}
		if err != nil && err != io.EOF {
			p.broken = err
			return nil, err
		}
		if len(line) == 0 || p.pkg == nil && len(bytes.TrimSpace(line)) == 0 {
			if p.pkg != nil {
				return p.finish()
			}
			if err == io.EOF {
				return nil, err
			}
			continue
		}
		if err := p.line(line); err != nil {
			return nil, err
		}
	}
}

// line takes one line that is not empty.
func (p *parser) line(line []byte) error {
	p.size += len(line)
	if p.size > maxParagraph {
		return p.in.Errorf("the paragraph that begins at line %d is longer than %d bytes", p.begin, maxParagraph)
	}
	if err := p.weight.At(int64(p.size)); err != nil {
		p.broken = fmt.Errorf("%s:%d: while the paragraph that begins at line %d was read: %w", p.source, p.in.Line(), p.begin, err)
		return p.broken
	}
	switch line[0] {
	case '#':
		return nil
	case ' ', '\t':
		if len(p.name) == 0 {
			return p.in.Errorf("a continued line without a field before it: %s", lines.Quote(line))
		}
		p.value = append(append(p.value, '\n'), bytes.TrimRight(line, " \t")...)
		return nil
	}
	return p.field(line)
}

// field begins a new field, and with it the paragraph if none is open.
func (p *parser) field(line []byte) error {
	if err := p.closeField(); err != nil {
		return err
	}
	name, value, ok := bytes.Cut(line, []byte(":"))
	if ok {
		_, err := checkWord(name)
		ok = err == nil
	}
	if !ok {
		return p.in.Errorf("want \"Field: value\" but have %s", lines.Quote(line))
	}
	p.beginAt(p.in.Line())
	p.fieldAt = p.in.Line()
	p.name = append(p.name[:0], name...)
	p.value = append(p.value[:0], bytes.TrimSpace(value)...)
	return nil
}

// beginAt begins a paragraph at that line, if none is open.
func (p *parser) beginAt(line int64) {
	if p.pkg == nil {
		p.pkg, p.begin = new(Package), line
		p.weight.Begin()
	}
}

// finish closes the paragraph and checks that nothing a package needs is
// absent.
func (p *parser) finish() (*Package, error) {
	pkg := p.pkg
	p.weight.Done(int64(p.size))
	err := p.closeField()
	if p.plain {
		p.reset()
		return pkg, err
	}
	if name := p.missing(); err == nil && name != "" {
		err = p.in.ErrorAt(p.begin, "package %s has no %s%s", lines.Quote([]byte(pkg.Package)), name, otherIndex(pkg))
	}
	if err == nil && pkg.SHA256.IsZero() {
		if _, bad := contentmodel.ParseChecksum("sha512", pkg.field(sha512Name)); bad != nil {
			err = p.in.ErrorAt(p.begin, "%s: %w", sha512Name, bad)
		}
	}
	p.reset()
	if err != nil {
		return nil, err
	}
	return pkg, nil
}

// otherIndex says which other file of Debian's the paragraph seems to be of.
func otherIndex(pkg *Package) string {
	switch {
	case pkg.field("Status") != "":
		return ": the input seems to be dpkg's list of what is installed on a machine"
	case pkg.field("Directory") != "" || pkg.field("Format") != "":
		return ": the input seems to be a Sources index, of source packages"
	}
	return ""
}

// missing is the first required field that was not met, or empty.
func (p *parser) missing() string {
	for i, t := range texts {
		if t.check != nil && p.seen&(1<<i) == 0 {
			return t.name
		}
	}
	for i, n := range numbers {
		if n.must && p.seen&(1<<(len(texts)+i)) == 0 {
			return n.name
		}
	}
	if p.pkg.SHA256.IsZero() && p.pkg.field(sha512Name) == "" {
		return sha256Name + " nor " + sha512Name
	}
	return ""
}
