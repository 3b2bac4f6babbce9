// Package jsonw writes JSON as a stream of small writes.
//
// encoding/json builds a whole document before it writes the first byte,
// which for a package with a hundred thousand files means its body in memory
// twice. A [Writer] holds one fixed buffer, whatever it writes.
package jsonw

import (
	"io"
	"strconv"
	"sync"
	"unicode/utf8"
	"unsafe"
)

// bufBytes is the size of a writer's buffer, and so of its writes: small
// enough to be nothing beside a unit, large enough that the sink's cost per
// call does not show.
const bufBytes = 4 << 10

// Writer writes one JSON value. It keeps the first error of its sink and then
// does nothing, so callers check once, in [Writer.Close]. It inserts the
// commas; the caller is trusted to nest begins and ends properly.
type Writer struct {
	w   io.Writer
	err error
	buf []byte // its capacity is fixed
	// later is true when a value was written in the container that is open.
	// It needs no stack: an inner container begins with false, and after its
	// end the outer one has had a value.
	later bool
}

var pool = sync.Pool{New: func() any { return &Writer{buf: make([]byte, 0, bufBytes)} }}

// New takes a writer from a pool; Close gives it back.
func New(w io.Writer) *Writer {
	j := pool.Get().(*Writer)
	j.w, j.err, j.buf, j.later = w, nil, j.buf[:0], false
	return j
}

// Close writes what is left and returns the first error of the sink. The
// writer must not be used again.
func (j *Writer) Close() error {
	j.flush()
	err := j.err
	j.w, j.err = nil, nil
	pool.Put(j)
	return err
}

// BeginObject opens an object; pairs follow, each a Key and a value.
func (j *Writer) BeginObject() { j.begin('{') }

// EndObject closes the object.
func (j *Writer) EndObject() { j.end('}') }

// BeginArray opens an array; values follow.
func (j *Writer) BeginArray() { j.begin('[') }

// EndArray closes the array.
func (j *Writer) EndArray() { j.end(']') }

// Key writes the name of the next value.
func (j *Writer) Key(name string) {
	j.comma()
	j.quote(name)
	j.byte(':')
	j.later = false // no comma before the value
}

// String writes a string value. A byte that is no UTF-8, which JSON has no
// place for, becomes the half of a surrogate pair that [Unquote] turns back
// into it: \udc80 to \udcff, the way of Python's "surrogateescape" (PEP 383).
// encoding/json reads such a half as U+FFFD.
func (j *Writer) String(s string) {
	j.comma()
	j.quote(s)
	j.later = true
}

// Bytes is [Writer.String] of text that is in a buffer.
func (j *Writer) Bytes(b []byte) { j.String(unsafe.String(unsafe.SliceData(b), len(b))) }

// Int writes a number.
func (j *Writer) Int(n int64) {
	j.comma()
	j.room(20) // the digits of the smallest int64
	j.buf = strconv.AppendInt(j.buf, n, 10)
	j.later = true
}

// Field writes a pair, or nothing when s is empty: an absent field and an
// empty one mean the same in every format here.
func (j *Writer) Field(name, s string) {
	if s != "" {
		j.Key(name)
		j.String(s)
	}
}

// IntField writes a pair, or nothing when n is zero.
func (j *Writer) IntField(name string, n int64) {
	if n != 0 {
		j.Key(name)
		j.Int(n)
	}
}

func (j *Writer) begin(c byte) {
	j.comma()
	j.byte(c)
	j.later = false
}

func (j *Writer) end(c byte) {
	j.byte(c)
	j.later = true
}

func (j *Writer) comma() {
	if j.later {
		j.byte(',')
	}
}

// quote writes s between quotes, in runs that need no escape.
func (j *Writer) quote(s string) {
	j.byte('"')
	start := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		width, esc := escape(s[i:])
		if esc != "" {
			j.text(s[start:i])
			j.text(esc)
			start = i + width
		}
		i += width
	}
	j.text(s[start:])
	j.byte('"')
}

// plain marks the bytes that stand for themselves: nearly all there are.
var plain = func() (t [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// escape looks at the first character of s, which is not plain: how many bytes it takes, and what
// to write in its place ("" for itself).
func escape(s string) (width int, esc string) {
	c := s[0]
	switch {
	case c == '"':
		return 1, `\"`
	case c == '\\':
		return 1, `\\`
	case c == '\n':
		return 1, `\n`
	case c < ' ':
		return 1, control[c]
	case c < utf8.RuneSelf:
		return 1, ""
	}
	r, width := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && width == 1 {
		return 1, half[c-utf8.RuneSelf]
	}
	return width, ""
}

// control and half are the escapes of control characters and of bytes that are
// no UTF-8, by their low seven bits, made once.
var control, half = escapes(`\u00`, 0), escapes(`\udc`, utf8.RuneSelf)

func escapes(before string, first byte) (t [utf8.RuneSelf]string) {
	const hex = "0123456789abcdef"
	for i := range t {
		c := first + byte(i)
		t[i] = before + string([]byte{hex[c>>4], hex[c&15]})
	}
	return t
}

func (j *Writer) byte(c byte) {
	j.room(1)
	j.buf = append(j.buf, c)
}

// text copies s through the buffer, however long it is: a long string must not
// become one long write, the sink may have to copy it.
func (j *Writer) text(s string) {
	for len(s) > 0 {
		j.room(1)
		n := min(len(s), cap(j.buf)-len(j.buf))
		j.buf = append(j.buf, s[:n]...)
		s = s[n:]
	}
}

// room makes sure that n more bytes fit.
func (j *Writer) room(n int) {
	if cap(j.buf)-len(j.buf) < n {
		j.flush()
	}
}

func (j *Writer) flush() {
	if j.err == nil && len(j.buf) > 0 {
		_, j.err = j.w.Write(j.buf)
	}
	j.buf = j.buf[:0]
}
