package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// The file's format. A reader refuses a version that is not its own: a change to what a record consists of is
// a new version.
const (
	magic   = "\x89memrec\n" // a byte that no text begins with, and a line end that some copies would change
	version = 1

	headerSize = 4096
	prefixSize = len(magic) + 12 // magic, version, length and checksum of what follows
	align      = 32              // frames start at multiples of it
	frameSize  = 32              // bytes of a frame before its payload

	maxPayload = 32 << 10 // TestLargestSampleFits
	maxFrame   = (frameSize + maxPayload + align - 1) / align * align

	minSize = 128 * bytesize.KiB // room for two of the largest samples
	maxSize = 64 * bytesize.MiB
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is what is written once, when the file is made.
type header struct {
	ID            int64 // random: a frame of another file is none of this
	Size          int64
	Every         time.Duration
	PID           int64
	Command, Host string
	GoVersion     string
	Started       time.Time // of the process
	Opened        time.Time // of the file
}

func (h *header) code(c *coder) {
	c.ints(&h.ID, &h.Size, (*int64)(&h.Every), &h.PID)
	c.text(&h.Command, maxName)
	c.text(&h.Host, maxName)
	c.text(&h.GoVersion, maxName)
	c.when(&h.Started)
	c.when(&h.Opened)
}

// encode is the first headerSize bytes of the file.
func (h *header) encode() []byte {
	c := coder{buf: make([]byte, prefixSize, headerSize)}
	h.code(&c)
	p := c.buf
	copy(p, magic)
	n := len(magic)
	binary.LittleEndian.PutUint32(p[n:], version)
	binary.LittleEndian.PutUint32(p[n+4:], uint32(len(p)-prefixSize))
	binary.LittleEndian.PutUint32(p[n+8:], crc32.Checksum(p[prefixSize:], castagnoli))
	return p[:headerSize]
}

// What may be wrong with a file as a whole.
var (
	// ErrNotRecord is a file that is none of ours.
	ErrNotRecord = errors.New("not a memacct record")
	// ErrVersion is a record in a format that this program does not know.
	ErrVersion = errors.New("a record of another version")
	// ErrDamaged is a record whose header can't be read, or that was cut short.
	ErrDamaged = errors.New("a damaged record")
	// ErrInUse is a record that a live process is writing.
	ErrInUse = errors.New("in use")
)

// readHeader reads and checks the header of a file. The errors say what to do but not which file it is.
func readHeader(r io.ReaderAt) (h header, err error) {
	p := make([]byte, headerSize)
	got, err := r.ReadAt(p, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return h, err
	}
	n := len(magic)
	switch {
	case got == 0:
		return h, fmt.Errorf("%w: it is empty; the process ended before it wrote anything, or this is another file", ErrNotRecord)
	case got < n || string(p[:n]) != magic:
		return h, fmt.Errorf("%w: it begins otherwise; name the file that MEMACCT_RECORD or --record named", ErrNotRecord)
	case got < headerSize:
		return h, fmt.Errorf("%w: only %d bytes are left, not even its header; copy it again, whole", ErrDamaged, got)
	}
	if v := binary.LittleEndian.Uint32(p[n:]); v != version {
		return h, fmt.Errorf("%w: its version is %d and this program reads %d; use the syncbench of the release that wrote it", ErrVersion, v, version)
	}
	size := binary.LittleEndian.Uint32(p[n+4:])
	if size > headerSize-uint32(prefixSize) || crc32.Checksum(p[prefixSize:][:size], castagnoli) != binary.LittleEndian.Uint32(p[n+8:]) {
		return h, fmt.Errorf("%w: the checksum of its header is wrong; copy it again, or look at the one before it, with .1 at its end", ErrDamaged)
	}
	c := coder{buf: p[prefixSize:][:size], reading: true}
	h.code(&c)
	if c.bad || h.Size < minSize || h.Size > maxSize {
		return h, fmt.Errorf("%w: its header makes no sense", ErrDamaged)
	}
	return h, nil
}

// rings are the two rings of a file of that size: a quarter for events, which are small and rare.
func rings(size int64) (events, samples ring) {
	body := size - headerSize
	n := body / 4 / align * align
	return ring{base: headerSize, size: n}, ring{base: headerSize + n, size: (body - n) / align * align}
}
