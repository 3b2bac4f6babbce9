package deb

import (
	"bytes"
	"io"
	"iter"

	"github.com/syncmem/syncmem/contentmodel/internal/lines"
)

// What a reader accepts. The largest paragraph of Debian bookworm has 76 kB,
// nearly all of it in one line.
const (
	maxLine      = 1 << 20 // bytes
	maxParagraph = 4 << 20 // bytes of values
	maxFields    = 512     // fields without a place of their own
)

// remedy is for a line that can't be read.
const remedy = "check that it is the Packages index of a repository, and fetch it again"

// ReadPackages reads a Packages index as a stream; name stands in its errors.
// It holds one paragraph at a time and hands out packages that pin nothing of
// its buffers, each field in a string of its own.
//
// The first error ends the sequence: (nil, err), where err is a
// InputError of package contentmodel with the line. The sequence reads r as it goes, so
// it can be ranged over once.
func ReadPackages(name string, r io.Reader) iter.Seq2[*Package, error] {
	return func(yield func(*Package, error) bool) {
		p := parser{in: lines.New(name, r, maxLine, remedy), names: make(map[string]string)}
		for {
			pkg, err := p.next()
			if err == io.EOF {
				return
			}
			if !yield(pkg, err) || err != nil {
				return
			}
		}
	}
}

// parser holds the paragraph being read. A field is complete only when the
// next one begins, so its value waits in a buffer that is reused.
type parser struct {
	in    *lines.Reader
	names map[string]string // names of Fields, one copy for all packages

	pkg     *Package // nil between paragraphs
	begin   int64    // the paragraph's first line
	size    int      // bytes of values so far
	seen    uint64   // the places filled, one bit each
	name    []byte   // of the field that is open; empty if none
	lower   []byte   // the same in lower case, when that was asked for
	value   []byte
	fieldAt int64 // its line
}

// next reads one paragraph, or io.EOF.
func (p *parser) next() (*Package, error) {
	for {
		line, err := p.in.Next()
		if err != nil && err != io.EOF {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 { // an empty line, or the end
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
	if !ok || checkWord(name) != nil {
		return p.in.Errorf("want \"Field: value\" but have %s", lines.Quote(line))
	}
	if p.pkg == nil {
		p.pkg, p.begin = new(Package), p.in.Line()
	}
	p.fieldAt = p.in.Line()
	p.name = append(p.name[:0], name...)
	p.value = append(p.value[:0], bytes.TrimSpace(value)...)
	return nil
}

// finish closes the paragraph and checks that nothing a package needs is
// absent.
func (p *parser) finish() (*Package, error) {
	if err := p.closeField(); err != nil {
		return nil, err
	}
	if name := p.missing(); name != "" {
		return nil, p.in.ErrorAt(p.begin, "package %q has no %s", p.pkg.Package, name)
	}
	pkg := p.pkg
	p.pkg, p.size, p.seen = nil, 0, 0
	return pkg, nil
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
	return ""
}
