package record

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"time"
)

// kind is what a frame holds.
type kind uint8

const (
	kindEvent kind = iota + 1
	kindSample
	kindEnd // the recorder was closed
)

// frame is one record of a ring.
type frame struct {
	seq     uint64 // in its ring, from 1
	at      time.Time
	kind    kind
	payload []byte
}

// ring is a part of the file that is written round and round.
type ring struct {
	base, size int64  // where it is in the file
	at         int64  // where the next frame goes, from base
	seq        uint64 // of the last frame
}

// blank is what the rest of a ring is overwritten with where the next frame does not fit: a frame of an
// earlier round would stay there otherwise, and look like a recent one.
var blank [maxFrame]byte

// put seals the frame in buf, whose payload begins at frameSize, and writes it. buf has room for the padding.
func (r *ring) put(w io.WriterAt, id int64, k kind, at time.Time, buf []byte) error {
	n := int64(len(buf)+align-1) / align * align
	if r.at+n > r.size {
		if _, err := w.WriteAt(blank[:r.size-r.at], r.base+r.at); err != nil {
			return err
		}
		r.at = 0
	}
	r.seq++
	seal(buf, id, k, at, r.seq)
	_, err := w.WriteAt(buf, r.base+r.at)
	r.at += n
	return err
}

// seal fills the first frameSize bytes of a frame: checksum, length of the payload, number, time, kind.
func seal(buf []byte, id int64, k kind, at time.Time, seq uint64) {
	le := binary.LittleEndian
	clear(buf[:frameSize])
	le.PutUint32(buf[4:], uint32(len(buf)-frameSize))
	le.PutUint64(buf[8:], seq)
	le.PutUint64(buf[16:], uint64(at.UnixNano()))
	buf[24] = byte(k)
	le.PutUint32(buf, checksum(id, buf))
}

// checksum covers the id of the file and all of the frame but the checksum itself.
func checksum(id int64, buf []byte) uint32 {
	return crc32.Update(uint32(id)^uint32(id>>32), castagnoli, buf[4:])
}

// scan finds the frames in the bytes of a ring, oldest first.
func scan(body []byte, id int64) (all []frame) {
	for len(body) >= frameSize {
		n := frameSize
		if f, ok := parse(body, id); ok {
			all = append(all, f)
			n += len(f.payload)
		}
		body = body[min(len(body), (n+align-1)/align*align):]
	}
	slices.SortFunc(all, func(a, b frame) int { return cmp.Compare(a.seq, b.seq) })
	return slices.CompactFunc(all, func(a, b frame) bool { return a.seq == b.seq })
}

// parse is the frame at the beginning of body, if there is one.
func parse(body []byte, id int64) (f frame, ok bool) {
	le := binary.LittleEndian
	n := le.Uint32(body[4:])
	f = frame{seq: le.Uint64(body[8:]), at: time.Unix(0, int64(le.Uint64(body[16:]))), kind: kind(body[24])}
	if n > maxPayload || int(n) > len(body)-frameSize || f.seq == 0 || f.kind == 0 || f.kind > kindEnd {
		return f, false
	}
	f.payload = body[frameSize:][:n]
	return f, checksum(id, body[:frameSize+int(n)]) == le.Uint32(body)
}
