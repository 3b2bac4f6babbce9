package source

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// compression is one way the bytes may be stored.
type compression struct {
	name   string
	magic  string
	suffix string
	open   func(in *bufio.Reader, window int64) (io.ReadCloser, error)
	// whole tells, after the decoder's EOF, whether the stream really ended.
	whole func(*raw) bool
}

// tailBytes is what whole needs to see of the end: the footer of an xz stream.
const tailBytes = 12

var plain = compression{name: "plain", open: openPlain, whole: always}

// compressions are told apart by their first bytes. Those without a reader are
// here so that the message says what the input is.
var compressions = []compression{
	{"gzip", "\x1f\x8b", ".gz", openGzip, always},
	{"xz", "\xfd7zXZ\x00", ".xz", openXZ, xzWhole},
	{"zstd", "\x28\xb5\x2f\xfd", ".zst", openZstd, always},
	{"lz4", "\x04\x22\x4d\x18", ".lz4", openLZ4, always},
	{"bzip2", "BZh", ".bz2", unsupported("bzip2"), always},
	{"zchunk", "\x00ZCK1", ".zck", unsupported("zchunk"), always},
}

// detect looks at the first bytes without taking them. The suffix matters only
// for an input too short to hold its magic: a file cut to nothing must not pass
// for an empty one.
func detect(in *bufio.Reader, suffix string) (*compression, error) {
	for i := range compressions {
		c := &compressions[i]
		head, err := in.Peek(len(c.magic))
		if err != nil && err != io.EOF {
			return nil, err
		}
		if string(head) == c.magic {
			return c, nil
		}
		if len(head) < len(c.magic) && path.Ext(suffix) == c.suffix {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return &plain, nil
}

func always(*raw) bool { return true }

func openPlain(in *bufio.Reader, _ int64) (io.ReadCloser, error) { return io.NopCloser(in), nil }

// openGzip reads members one after the other, as gzip itself does.
func openGzip(in *bufio.Reader, _ int64) (io.ReadCloser, error) {
	r, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func openZstd(in *bufio.Reader, window int64) (io.ReadCloser, error) {
	d, err := zstd.NewReader(in,
		zstd.WithDecoderConcurrency(1), // more would read ahead, in goroutines
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(max(window, zstd.MinWindowSize))))
	if err != nil {
		return nil, err
	}
	return zstdReader{d.IOReadCloser(), window}, nil
}

// zstdReader gives the window error its remedy.
type zstdReader struct {
	io.ReadCloser
	window int64
}

func (z zstdReader) Read(p []byte) (int, error) {
	n, err := z.ReadCloser.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = tooWide("zstd", fmt.Errorf("%w", err), z.window)
	}
	return n, err
}

func openLZ4(in *bufio.Reader, _ int64) (io.ReadCloser, error) {
	r := lz4.NewReader(in) // one block at a time, at most 4 MiB
	return io.NopCloser(r), r.Apply(lz4.ConcurrencyOption(1))
}

// openXZ checks the window that the first block asks for, because the decoder
// allocates whatever it is told.
func openXZ(in *bufio.Reader, window int64) (io.ReadCloser, error) {
	if dict := xzDict(in); dict > window {
		return nil, tooWide("xz", fmt.Errorf("needs a window of %d MiB", dict>>20), window)
	}
	r, err := xz.ReaderConfig{DictCap: lzma.MinDictCap}.NewReader(in)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(r), nil
}

// xzWhole looks for the footer of the last stream (the .xz file format, 2.1.2):
// the reader takes a cut between two blocks for the end.
func xzWhole(r *raw) bool {
	t := r.tail[:]
	if binary.LittleEndian.Uint32(t[8:]) == 0 {
		return true // padding may follow only a whole stream; the reader checked
	}
	return string(t[10:]) == "YZ" && crc32.ChecksumIEEE(t[4:10]) == binary.LittleEndian.Uint32(t)
}

func unsupported(name string) func(*bufio.Reader, int64) (io.ReadCloser, error) {
	return func(*bufio.Reader, int64) (io.ReadCloser, error) {
		return nil, remedy(errors.New("is "+name+", which is not supported"), "use gzip, xz, zstd, lz4 or plain")
	}
}

func tooWide(name string, err error, window int64) error {
	return remedy(fmt.Errorf("%s: %w, the limit is %d MiB", name, err, window>>20),
		"recompress it with a smaller window")
}
