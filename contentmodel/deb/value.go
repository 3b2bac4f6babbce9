package deb

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
	"github.com/syncmem/syncmem/contentmodel/internal/shared"
)

// closeField stores the value of the open field, if there is one.
func (p *parser) closeField() error {
	if len(p.name) == 0 {
		return nil
	}
	err := p.store()
	if err != nil {
		err = p.in.ErrorAt(p.fieldAt, "%s: %w", p.name, err)
	}
	p.name = p.name[:0]
	return err
}

// store puts the value where it belongs. Of a field that is there twice the
// last counts, as for apt, but a second Package is a second paragraph whose
// beginning was lost.
func (p *parser) store() error {
	p.lower = appendLower(p.lower[:0], p.name)
	if p.plain {
		if string(p.lower) == "package" && len(p.pkg.Fields) > 0 && p.other() >= 0 {
			return errTwice
		}
		return p.storeOther()
	}
	place, ok := places[string(p.name)]
	if !ok {
		place, ok = places[string(p.lower)]
	}
	if !ok {
		return p.storeOther()
	}
	if p.seen&(1<<place) != 0 {
		if place == 0 {
			return errTwice
		}
		p.noteTwice()
	}
	p.seen |= 1 << place
	if place >= len(texts) {
		return p.number(place - len(texts))
	}
	t, value := &texts[place], p.value
	if t.check != nil {
		var err error
		if value, err = t.check(value); err != nil {
			return err
		}
	}
	p.pkg.setEmpty(place, len(value) == 0)
	if repeated&(1<<place) != 0 {
		*t.at(p.pkg) = p.shared(value)
	} else {
		*t.at(p.pkg) = string(value) // a copy: the buffer is reused
	}
	return nil
}

var errTwice = errors.New("the field is there twice in one paragraph, so that the empty line between two may be missing")

func (p *parser) noteTwice() {
	p.note("%s is there twice in the paragraph of %s: the last one counts", p.name, lines.Quote([]byte(cmp.Or(p.pkg.Package, p.pkg.field("Package")))))
}

// number parses a number. An Installed-Size that is none is of no use to
// anybody, and is ignored as apt does.
func (p *parser) number(i int) error {
	n := &numbers[i]
	err := n.parse(p.pkg, p.value)
	if n.name == installedName {
		p.pkg.setEmpty(installedPlace, err == nil && p.pkg.InstalledSize == 0)
	}
	if err != nil && n.name == installedName {
		p.pkg.InstalledSize = 0
		p.note("%s of %s is ignored: %v", installedName, lines.Quote([]byte(p.pkg.Package)), err)
		return nil
	}
	return err
}

// storeOther keeps a field that has no place of its own.
func (p *parser) storeOther() error {
	fields := p.pkg.Fields
	if len(fields) == maxFields {
		return fmt.Errorf("more than %d unknown fields in one paragraph", maxFields)
	}
	if i := p.other(); i >= 0 {
		p.noteTwice()
		fields[i].Value = string(p.value)
		return nil
	}
	p.pkg.Fields = append(fields, Field{p.shared(p.name), string(p.value)})
	return nil
}

// other is where the open field is among Fields, or -1. Paragraphs with many
// fields are rare, and would cost the square of their number without a table.
func (p *parser) other() int {
	const few = 32
	fields := p.pkg.Fields
	if len(fields) < few {
		clear(p.table)
		for i, f := range fields {
			if len(f.Name) == len(p.name) && strings.EqualFold(f.Name, string(p.name)) {
				return i
			}
		}
		return -1
	}
	if p.table == nil {
		p.table = make(map[string]int)
	}
	for i := len(p.table); i < len(fields); i++ {
		p.table[strings.ToLower(fields[i].Name)] = i
	}
	if i, ok := p.table[string(p.lower)]; ok {
		return i
	}
	return -1
}

// shared gives a name or value that other packages have, too.
func (p *parser) shared(b []byte) string {
	s, ok := p.text.Of(b)
	if !ok {
		p.pkg.own += shared.Own(len(s))
	}
	return s
}

func parseSize(p *Package, b []byte) (err error) {
	p.Size, err = lines.ParseSize(b)
	return err
}

func parseInstalled(p *Package, b []byte) (err error) {
	p.InstalledSize, err = lines.ParseSize(b)
	return err
}

func parseSHA256(p *Package, b []byte) (err error) {
	p.SHA256, err = contentmodel.ParseDigestBytes(b)
	return err
}

// checkWord accepts what names of fields, versions and architectures are made
// of: printable ASCII without spaces.
func checkWord(b []byte) ([]byte, error) {
	bad := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(b) == 0 || bytes.IndexFunc(b, bad) >= 0 {
		return nil, fmt.Errorf("want one word of printable ASCII, have %s", lines.Quote(b))
	}
	return b, nil
}

// checkName accepts the names of packages. Some that are no Debian packages
// but tools made have spaces in them.
func checkName(b []byte) ([]byte, error) {
	bad := func(r rune) bool { return r < ' ' || r > '~' }
	if len(b) == 0 || bytes.IndexFunc(b, bad) >= 0 {
		return nil, fmt.Errorf("want a name of printable ASCII, have %s", lines.Quote(b))
	}
	return b, nil
}

// appendLower is ASCII alone, as field names are.
func appendLower(dst, b []byte) []byte {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
