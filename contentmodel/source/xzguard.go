package source

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// xzGuard passes an xz file on to its decoder and follows the framing (the
// .xz file format, chapters 2 and 3, and the chunks of LZMA2), because the
// decoder allocates whatever dictionary a block asks for and takes a cut
// between two blocks for the end. It decodes nothing: every part says how long
// it is.
type xzGuard struct {
	in     *bufio.Reader
	window int64

	skip int64                        // bytes to pass on unseen, before the next part
	part []byte                       // what was gathered of the next part
	need int                          // its length
	step func(*xzGuard, []byte) error // what to do with it

	check  int64  // bytes of the check behind each block
	data   int64  // bytes of the block's chunks, or of the index
	fields uint64 // numbers of the index that are still to come
	pad    int    // zero bytes behind a stream
}

var (
	errXZ       = errors.New("xz: broken framing")
	errXZBehind = errors.New("xz: something is behind its end that is no xz data")
)

const xzMagic = "\xfd7zXZ\x00"

func newXZGuard(in *bufio.Reader, window int64) *xzGuard {
	return &xzGuard{in: in, window: window, need: xzHeaderBytes, step: (*xzGuard).streamHeader}
}

const xzHeaderBytes = 12 // of a stream's header, and of its footer

func (g *xzGuard) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	if bad := g.see(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err
}

func (g *xzGuard) ReadByte() (byte, error) {
	c, err := g.in.ReadByte()
	if err != nil {
		return 0, err
	}
	if g.skip > 0 { // nearly always
		g.skip--
		return c, nil
	}
	return c, g.see([]byte{c})
}

// whole reports whether the bytes so far are a whole file.
func (g *xzGuard) whole() bool {
	return g.skip == 0 && len(g.part) == 0 && g.pad >= 0 && g.pad%4 == 0 && g.need == 1 && g.check < 0
}

// see follows the bytes that the decoder is about to get.
func (g *xzGuard) see(p []byte) error {
	for len(p) > 0 {
		if n := min(g.skip, int64(len(p))); n > 0 {
			g.skip -= n
			p = p[n:]
			continue
		}
		n := min(g.need-len(g.part), len(p))
		g.part = append(g.part, p[:n]...)
		p = p[n:]
		if len(g.part) < g.need {
			return nil
		}
		part := g.part
		g.part = g.part[:0]
		if err := g.step(g, part); err != nil {
			return err
		}
	}
	return nil
}

func (g *xzGuard) next(need int, step func(*xzGuard, []byte) error) { g.need, g.step = need, step }

func (g *xzGuard) streamHeader(b []byte) error {
	if string(b[:len(xzMagic)]) != xzMagic {
		return errXZ
	}
	const kinds = "\x00\x04\x04\x04\x08\x08\x08\x10\x10\x10\x20\x20\x20\x40\x40\x40" // bytes of each kind of check
	g.check = int64(kinds[b[7]&15])
	g.next(1, (*xzGuard).blockSize)
	return nil
}

// blockSize is the length of a block's header, or the mark of the index.
func (g *xzGuard) blockSize(b []byte) error {
	if b[0] == 0 {
		g.data, g.fields = 1, 0
		g.next(1, (*xzGuard).indexCount)
		return nil
	}
	g.next(int(b[0])*4+3, (*xzGuard).blockHeader)
	return nil
}

func (g *xzGuard) blockHeader(b []byte) error {
	dict, err := xzDict(b)
	if err != nil {
		return err
	}
	if dict > g.window {
		return tooWide("xz", fmt.Errorf("needs a window of %d MiB", (dict+1<<20-1)>>20), g.window)
	}
	g.data = 0
	g.next(1, (*xzGuard).chunk)
	return nil
}

// chunk is the first byte of a chunk of LZMA2, or the end of the block's data.
func (g *xzGuard) chunk(b []byte) error {
	g.data++
	switch c := b[0]; {
	case c == 0:
		g.skip = (4-g.data&3)&3 + g.check
		g.next(1, (*xzGuard).blockSize)
	case c <= 2:
		g.next(2, (*xzGuard).stored)
	case c >= 0xc0:
		g.next(5, (*xzGuard).packed) // with one byte of properties
	case c >= 0x80:
		g.next(4, (*xzGuard).packed)
	default:
		return errXZ
	}
	return nil
}

func (g *xzGuard) stored(b []byte) error {
	return g.chunkData(len(b), binary.BigEndian.Uint16(b))
}

func (g *xzGuard) packed(b []byte) error {
	return g.chunkData(len(b), binary.BigEndian.Uint16(b[2:]))
}

// chunkData passes over the data of a chunk; the size in a header is one less.
func (g *xzGuard) chunkData(header int, size uint16) error {
	g.skip = int64(size) + 1
	g.data += int64(header) + g.skip
	g.next(1, (*xzGuard).chunk)
	return nil
}

// indexCount reads how many records the index has, seven bits a byte.
func (g *xzGuard) indexCount(b []byte) error {
	const most = 9 // bytes of a number
	if g.data > most {
		return errXZ
	}
	g.fields |= uint64(b[0]&0x7f) << (7 * (g.data - 1))
	g.data++
	if b[0] >= 0x80 {
		return nil
	}
	if g.fields > 1<<40 {
		return errXZ
	}
	g.fields *= 2 // a record has two numbers
	return g.indexNext()
}

func (g *xzGuard) indexNumber(b []byte) error {
	g.data++
	if b[0] < 0x80 {
		g.fields--
	}
	return g.indexNext()
}

func (g *xzGuard) indexNext() error {
	if g.fields > 0 {
		g.next(1, (*xzGuard).indexNumber)
		return nil
	}
	const crc = 4
	g.skip = (4-g.data&3)&3 + crc
	g.next(xzHeaderBytes, (*xzGuard).streamFooter)
	return nil
}

func (g *xzGuard) streamFooter(b []byte) error {
	if string(b[10:]) != "YZ" {
		return errXZ
	}
	g.pad, g.check = 0, -1 // no block is open: see whole
	g.next(1, (*xzGuard).padding)
	return nil
}

// padding is zero bytes behind a stream, or the first byte of another.
func (g *xzGuard) padding(b []byte) error {
	if b[0] == 0 {
		g.pad++
		return nil
	}
	first := b[0]
	if g.pad%4 != 0 || first != xzMagic[0] {
		return errXZBehind
	}
	g.next(xzHeaderBytes, (*xzGuard).streamHeader)
	g.check = 0
	g.part = append(g.part[:0], first)
	return nil
}

// xzReader ends as its guard says.
type xzReader struct {
	io.Reader
	guard *xzGuard
}

func (r xzReader) Close() error { return nil }

func (r xzReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF && !r.guard.whole() {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// xzDict reads the dictionary size in bytes out of a block's header behind its
// first byte (sections 3.1 and 5.3.1). A filter beside LZMA2 is an error: the
// decoder has none.
func xzDict(b []byte) (int64, error) {
	flags, rest := b[0], b[1:]
	for _, present := range []byte{0x40, 0x80} { // compressed and uncompressed size
		if flags&present != 0 {
			_, rest = uvarint(rest)
		}
	}
	for range flags&3 + 1 {
		var id, props uint64
		id, rest = uvarint(rest)
		props, rest = uvarint(rest)
		if uint64(len(rest)) < props {
			return 0, errXZ
		}
		const lzma2 = 0x21
		if id == lzma2 && props == 1 {
			return dictBytes(rest[0]), nil
		}
		if id != lzma2 {
			return 0, remedy(fmt.Errorf("xz: uses the filter %#x, which is not supported", id), "recompress it without a filter")
		}
		rest = rest[props:]
	}
	return 0, errXZ
}

// uvarint takes one number off b; a broken one takes all.
func uvarint(b []byte) (uint64, []byte) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil
	}
	return v, b[n:]
}

// dictBytes decodes the size: 2 or 3 times a power of two.
func dictBytes(bits byte) int64 {
	bits &= 0x3f
	if bits >= 40 {
		return 1<<32 - 1
	}
	return int64(2|bits&1) << (bits/2 + 11)
}
