package xmlread

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/syncmem/syncmem/contentmodel/internal/lines"
)

var space = [256]bool{' ': true, '\t': true, '\r': true, '\n': true}

// local is a name without the prefix of its namespace.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// afterSpace is b without the space before it: there is none, mostly, and bytes.TrimLeft makes a table first.
func afterSpace(b []byte) []byte {
	for len(b) > 0 && space[b[0]] {
		b = b[1:]
	}
	return b
}

// Attr takes the next attribute off the tag that was read last: its name and
// value, or nil and nil behind the last. A namespace has no attributes of its
// own here: xmlns is one like others, and xml:base is base.
func (x *Reader) Attr() (name, value []byte, err error) {
	b := afterSpace(x.attrs)
	if len(b) == 0 {
		x.attrs = nil
		return nil, nil, nil
	}
	n := bytes.IndexByte(b, '=')
	if n < 0 {
		return nil, nil, x.Errorf("want an attribute but have %s", lines.Quote(b))
	}
	name, b = b[:n], afterSpace(b[n+1:])
	for len(name) > 0 && space[name[len(name)-1]] {
		name = name[:len(name)-1]
	}
	if len(name) == 0 || len(b) == 0 || b[0] != '"' && b[0] != '\'' {
		return nil, nil, x.Errorf("the attribute %s has no value in quotes", lines.Quote(name))
	}
	end := bytes.IndexByte(b[1:], b[0])
	if end < 0 {
		return nil, nil, x.Errorf("the value of the attribute %s has no end", lines.Quote(name))
	}
	value, x.attrs = b[1:1+end], b[end+2:]
	if special(value) {
		if x.value, err = unescape(x.value[:0], value, spaces); err != nil {
			return nil, nil, x.fail(err)
		}
		value = x.value
	}
	return local(name), value, nil
}

// special reports whether an attribute's value is not what it looks like.
func special(value []byte) bool {
	for _, c := range value {
		if c == '&' || c < ' ' {
			return true
		}
	}
	return false
}

// unescape appends b to dst with its references resolved, and what is between
// them as plain makes it.
func unescape(dst, b []byte, plain func(dst, b []byte) []byte) ([]byte, error) {
	for {
		n := bytes.IndexByte(b, '&')
		if n < 0 {
			return plain(dst, b), nil
		}
		dst = plain(dst, b[:n])
		b = b[n+1:]
		const longest = 10 // #x10FFFF with some zeros
		end := bytes.IndexByte(b[:min(len(b), longest+1)], ';')
		if end < 0 {
			return nil, fmt.Errorf("want a reference behind & but have %s", lines.Quote(b[:min(len(b), longest)]))
		}
		r, err := reference(string(b[:end]))
		if err != nil {
			return nil, err
		}
		dst = utf8.AppendRune(dst, r)
		b = b[end+1:]
	}
}

var errReference = errors.New("is no character of XML")

// reference is the character that a reference stands for.
func reference(s string) (rune, error) {
	switch s {
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "amp":
		return '&', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	if len(s) < 2 || s[0] != '#' {
		return 0, fmt.Errorf("the entity &%s; is not defined", s)
	}
	base, digits := 10, s[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || digits[0] == '+' || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, fmt.Errorf("&%s; %w", s, errReference)
	}
	return rune(n), nil
}

// newlines has the ends of lines as one "\n" each (XML 1.0, section 2.11).
func newlines(dst, b []byte) []byte {
	for {
		n := bytes.IndexByte(b, '\r')
		if n < 0 {
			return append(dst, b...)
		}
		dst = append(append(dst, b[:n]...), '\n')
		b = bytes.TrimPrefix(b[n+1:], []byte("\n"))
	}
}

// spaces is newlines in an attribute, where whatever is space is one of " "
// (section 3.3.3).
func spaces(dst, b []byte) []byte {
	from := len(dst)
	dst = newlines(dst, b)
	for i, c := range dst[from:] {
		if c == '\t' || c == '\n' {
			dst[from+i] = ' '
		}
	}
	return dst
}

// cdata appends a section's text, which has no references.
func cdata(dst, b []byte) ([]byte, error) {
	const begin, end = "<![CDATA[", "]]>"
	if !bytes.HasPrefix(b, []byte(begin)) || len(b) < len(begin)+len(end) {
		return nil, fmt.Errorf("want <![CDATA[ but have %s", lines.Quote(b))
	}
	return newlines(dst, b[len(begin):len(b)-len(end)]), nil
}
