package source

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"

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
}

var plain = compression{name: "plain", open: openPlain}

// compressions are told apart by their first bytes. Those without a reader are
// here so that the message says what the input is.
var compressions = []compression{
	{"gzip", gzipMagic, ".gz", openGzip},
	{"xz", xzMagic, ".xz", openXZ},
	{"zstd", "\x28\xb5\x2f\xfd", ".zst", openZstd},
	{"lz4", "\x04\x22\x4d\x18", ".lz4", openLZ4},
	{"bzip2", "BZh", ".bz2", openBzip2},
	{"lz4 of the legacy format", "\x02\x21\x4c\x18", ".lz4", unsupported("lz4 of the legacy format")},
	{"zchunk", "\x00ZCK1", ".zck", unsupported("zchunk")},
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

func openPlain(in *bufio.Reader, _ int64) (io.ReadCloser, error) { return io.NopCloser(in), nil }

// openBzip2 needs 4 MiB at most, whatever the file says.
func openBzip2(in *bufio.Reader, _ int64) (io.ReadCloser, error) {
	return io.NopCloser(bzip2.NewReader(in)), nil
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

func openXZ(in *bufio.Reader, window int64) (io.ReadCloser, error) {
	g := newXZGuard(in, window)
	r, err := xz.ReaderConfig{DictCap: lzma.MinDictCap}.NewReader(g)
	if err != nil {
		return nil, err
	}
	return xzReader{r, g}, nil
}

func unsupported(name string) func(*bufio.Reader, int64) (io.ReadCloser, error) {
	return func(*bufio.Reader, int64) (io.ReadCloser, error) {
		return nil, remedy(errors.New("is "+name+", which is not supported"), "use gzip, xz, zstd, bzip2, lz4 or plain")
	}
}

func tooWide(name string, err error, window int64) error {
	return remedy(fmt.Errorf("%s: %w, the limit is %d MiB", name, err, window>>20),
		"if there is memory for it, set MaxWindow (syncbench: --max-window) to that")
}
