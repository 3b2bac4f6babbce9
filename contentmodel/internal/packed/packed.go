// Package packed holds lists of small records in one piece of memory each.
package packed

import (
	"bufio"
	"encoding/binary"
	"io"
	"iter"
	"slices"
	"strings"
)

// ChunkBytes is the most that a list holds in one piece: the largest block of
// the heap that is not rounded up to pages. A longer list is several pieces,
// so that building one never needs a buffer twice its size.
const ChunkBytes = 32 << 10

// List is a list whose records are bytes, one behind the other. A record
// that does not begin a piece may refer to the one before it.
//
// It is three words, as a slice is, because a package has ten lists and most
// are empty.
type List struct {
	data string // how many records there are, and the records; empty if there is a rest
	rest *rest
}

// rest is a list in several pieces.
type rest struct {
	n      int
	pieces []string
}

// Len is how many records there are.
func (l List) Len() int {
	if l.rest != nil {
		return l.rest.n
	}
	r := Record{l.data}
	return r.Int()
}

// Pieces yields the pieces, each to be read until it is empty.
func (l List) Pieces() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		if l.rest == nil {
			r := Record{l.data}
			if r.Int() > 0 {
				yield(r)
			}
			return
		}
		for _, s := range l.rest.pieces {
			if !yield(Record{s}) {
				return
			}
		}
	}
}

// Record takes values off a piece.
type Record struct{ s string }

// Empty reports whether nothing is left.
func (r *Record) Empty() bool { return len(r.s) == 0 }

// Int takes a number that fits an int.
func (r *Record) Int() int { return int(r.Uint()) }

// Uint takes a number.
func (r *Record) Uint() (v uint64) {
	for shift := 0; len(r.s) > 0; shift += 7 {
		c := r.s[0]
		r.s = r.s[1:]
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	return v
}

// Text takes n bytes.
func (r *Record) Text(n int) string {
	s := r.s[:n]
	r.s = r.s[n:]
	return s
}

// Sized takes a length and as many bytes.
func (r *Record) Sized() string { return r.Text(r.Int()) }

// Packer builds a list. Its buffer is kept from one list to the next.
type Packer struct {
	buf    []byte
	n      int
	pieces []string
	packed int // bytes in pieces
}

// Begin makes room for a record of up to size bytes, and tells whether it is
// the first of a piece.
func (p *Packer) Begin(size int) bool {
	if len(p.buf) > 0 && len(p.buf)+size > ChunkBytes-binary.MaxVarintLen64 {
		p.flush()
	}
	p.n++
	return len(p.buf) == 0
}

func (p *Packer) flush() {
	p.pieces = append(p.pieces, string(p.buf))
	p.packed += len(p.buf)
	p.buf = p.buf[:0]
}

// Uint adds a number.
func (p *Packer) Uint(v uint64) { p.buf = binary.AppendUvarint(p.buf, v) }

// AppendSized adds a length and the bytes.
func AppendSized[S string | []byte](p *Packer, s S) {
	p.Uint(uint64(len(s)))
	p.buf = append(p.buf, s...)
}

// List is what was built; the packer is then empty.
func (p *Packer) List() (l List) {
	switch {
	case len(p.pieces) > 0:
		p.flush()
		l.rest = &rest{p.n, slices.Clip(p.pieces)}
	case p.n > 0:
		var head [binary.MaxVarintLen64]byte
		n := binary.PutUvarint(head[:], uint64(p.n))
		var b strings.Builder
		b.Grow(n + len(p.buf))
		b.Write(head[:n])
		b.Write(p.buf)
		l.data = b.String()
	}
	p.reset()
	return l
}

// Append adds bytes as they are.
func Append[S string | []byte](p *Packer, s S) { p.buf = append(p.buf, s...) }

// Bytes is how many bytes there are so far.
func (p *Packer) Bytes() int64 { return int64(p.packed + len(p.buf)) }

// reset drops what was not made a list.
func (p *Packer) reset() {
	p.buf, p.n, p.pieces, p.packed = p.buf[:0], 0, nil, 0
	if cap(p.buf) > 2*ChunkBytes { // one record was huge
		p.buf = nil
	}
}

// Write writes the list so that Read makes it again, and tells how many bytes
// that took.
func (l List) Write(w *bufio.Writer) (n int64, err error) {
	var head [binary.MaxVarintLen64]byte
	put := func(v int) {
		if err == nil {
			_, err = w.Write(binary.AppendUvarint(head[:0], uint64(v)))
			n += int64(len(binary.AppendUvarint(head[:0], uint64(v))))
		}
	}
	piece := func(s string) {
		put(len(s))
		if err == nil {
			_, err = w.WriteString(s)
			n += int64(len(s))
		}
	}
	if l.rest == nil {
		put(0)
		piece(l.data)
		return n, err
	}
	put(len(l.rest.pieces))
	put(l.rest.n)
	for _, s := range l.rest.pieces {
		piece(s)
	}
	return n, err
}

// Bytes is how many bytes the pieces have. It costs a step for each.
func (l List) Bytes() (n int64) {
	if l.rest == nil {
		return int64(len(l.data))
	}
	for _, s := range l.rest.pieces {
		n += int64(len(s))
	}
	return n
}

// Read reads what Write wrote. Before each piece of it grow is told how many
// bytes the list has with it, and its error is the end.
func Read(r *bufio.Reader, grow func(bytes int64) error) (l List, err error) {
	pieces, err := binary.ReadUvarint(r)
	if err != nil {
		return l, err
	}
	bytes := int64(0)
	piece := func() (string, error) {
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return "", err
		}
		bytes += int64(n)
		if err := grow(bytes); err != nil {
			return "", err
		}
		return readText(r, n)
	}
	if pieces == 0 {
		l.data, err = piece()
		return l, err
	}
	n, err := binary.ReadUvarint(r)
	l.rest = &rest{n: int(n)}
	for range pieces {
		if err != nil {
			break
		}
		var s string
		s, err = piece()
		l.rest.pieces = append(l.rest.pieces, s)
	}
	return l, err
}

// ReadSized reads a length and as many bytes.
func ReadSized(r *bufio.Reader) (string, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return "", err
	}
	return readText(r, n)
}

func readText(r *bufio.Reader, n uint64) (string, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return string(b), err
}
