package rpm

import (
	"encoding/binary"
	"iter"
	"slices"
)

// chunkBytes is the most that a list holds in one piece: the largest block of
// the heap that is not rounded up to pages. A longer list is several pieces,
// so that building one never needs a buffer twice its size.
const chunkBytes = 32 << 10

// packed is a list whose records are bytes, one behind the other. A record
// that does not begin a piece may refer to the one before it.
//
// It is three words, as a slice is, because a package has ten lists and most
// are empty.
type packed struct {
	data string // how many records there are, and the records; empty if there is a rest
	rest *rest
}

// rest is a list in several pieces.
type rest struct {
	n      int
	pieces []string
}

// size is how many records there are.
func (p packed) size() int {
	if p.rest != nil {
		return p.rest.n
	}
	r := record{p.data}
	return r.int()
}

// pieces yields the pieces, each to be read until it is empty.
func (p packed) pieces() iter.Seq[record] {
	return func(yield func(record) bool) {
		if p.rest == nil {
			r := record{p.data}
			if r.int() > 0 {
				yield(r)
			}
			return
		}
		for _, s := range p.rest.pieces {
			if !yield(record{s}) {
				return
			}
		}
	}
}

// record takes values off a piece.
type record struct{ s string }

func (r *record) int() int { return int(r.uint()) }

func (r *record) uint() (v uint64) {
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

// text takes n bytes.
func (r *record) text(n int) string {
	s := r.s[:n]
	r.s = r.s[n:]
	return s
}

// sized takes a length and as many bytes.
func (r *record) sized() string { return r.text(r.int()) }

// packer builds a list. Its buffer is kept from one list to the next.
type packer struct {
	buf    []byte
	n      int
	pieces []string
	packed int // bytes in pieces
}

// begin makes room for a record of up to size bytes, and tells whether it is
// the first of a piece.
func (p *packer) begin(size int) bool {
	if len(p.buf) > 0 && len(p.buf)+size > chunkBytes-binary.MaxVarintLen64 {
		p.flush()
	}
	p.n++
	return len(p.buf) == 0
}

func (p *packer) flush() {
	p.pieces = append(p.pieces, string(p.buf))
	p.packed += len(p.buf)
	p.buf = p.buf[:0]
}

func (p *packer) uint(v uint64) { p.buf = binary.AppendUvarint(p.buf, v) }

// appendSized adds a length and the bytes.
func appendSized[S string | []byte](p *packer, s S) {
	p.uint(uint64(len(s)))
	p.buf = append(p.buf, s...)
}

// list is what was built; the packer is then empty.
func (p *packer) list() (l packed) {
	switch {
	case len(p.pieces) > 0:
		p.flush()
		l.rest = &rest{p.n, slices.Clip(p.pieces)}
	case p.n > 0:
		var head [binary.MaxVarintLen64]byte
		l.data = string(binary.AppendUvarint(head[:0], uint64(p.n))) + string(p.buf)
	}
	p.reset()
	return l
}

// reset drops what was not made a list.
func (p *packer) reset() {
	p.buf, p.n, p.pieces, p.packed = p.buf[:0], 0, nil, 0
	if cap(p.buf) > 2*chunkBytes { // one record was huge
		p.buf = nil
	}
}
