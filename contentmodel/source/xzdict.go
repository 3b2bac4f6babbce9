package source

import (
	"bufio"
	"encoding/binary"
)

// xzDict reads the dictionary size in bytes out of the first block header of
// an xz stream (the .xz file format, sections 3.1 and 5.3.1), without taking
// the bytes. It is 0 where there is no such header: the decoder then says what
// is wrong. Further blocks are written with the same setting by every known
// compressor; a hostile file could ask for more in its second.
func xzDict(in *bufio.Reader) int64 {
	const streamHeader = 12
	head, _ := in.Peek(streamHeader + 1)
	if len(head) <= streamHeader || head[streamHeader] == 0 {
		return 0 // cut short, or a stream without blocks
	}
	size := (int(head[streamHeader]) + 1) * 4
	block, err := in.Peek(streamHeader + size)
	if err != nil {
		return 0
	}
	block = block[streamHeader:]
	flags, rest := block[1], block[2:]
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
			return 0
		}
		const lzma2 = 0x21
		if id == lzma2 && props == 1 {
			return dictBytes(rest[0])
		}
		rest = rest[props:]
	}
	return 0
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
