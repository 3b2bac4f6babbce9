package deb

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
)

// maxNames and maxName bound the table of shared field names: an index has a
// few dozen, and a hostile one must not fill memory with them.
const (
	maxNames = 256
	maxName  = 64 // bytes
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

// store puts the value where it belongs.
func (p *parser) store() error {
	place, ok := places[string(p.name)]
	if !ok {
		p.lower = appendLower(p.lower[:0], p.name)
		place, ok = places[string(p.lower)]
	}
	switch {
	case !ok:
		return p.storeOther()
	case p.seen&(1<<place) != 0:
		return errTwice
	}
	p.seen |= 1 << place
	if place >= len(texts) {
		return numbers[place-len(texts)].parse(p.pkg, p.value)
	}
	t := &texts[place]
	*t.at(p.pkg) = string(p.value) // a copy: the buffer is reused
	if t.check != nil {
		return t.check(p.value)
	}
	return nil
}

var errTwice = errors.New("the field is there twice in one paragraph")

// storeOther keeps a field that has no place of its own.
func (p *parser) storeOther() error {
	if len(p.pkg.Fields) == maxFields {
		return fmt.Errorf("more than %d unknown fields in one paragraph", maxFields)
	}
	name := p.intern(p.name)
	for _, f := range p.pkg.Fields {
		if strings.EqualFold(f.Name, name) {
			return errTwice
		}
	}
	p.pkg.Fields = append(p.pkg.Fields, Field{name, string(p.value)})
	return nil
}

// intern gives the same string for the same name, as long as there is room.
func (p *parser) intern(name []byte) string {
	if s, ok := p.names[string(name)]; ok {
		return s
	}
	s := string(name)
	if len(s) <= maxName && len(p.names) < maxNames {
		p.names[s] = s
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

// checkWord accepts what names of fields and packages, versions and
// architectures are made of: printable ASCII without spaces.
func checkWord(b []byte) error {
	bad := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(b) == 0 || bytes.IndexFunc(b, bad) >= 0 {
		return fmt.Errorf("want one word of printable ASCII, have %s", lines.Quote(b))
	}
	return nil
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
