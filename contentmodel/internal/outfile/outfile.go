// Package outfile writes a file of a repository's metadata, compressed or not,
// and keeps what an index says of it.
package outfile

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// bufBytes is what is written at once.
const bufBytes = 32 << 10

// File is one such file. It belongs to one goroutine. Errors of what is written
// show at the end, as is usual for a bufio.Writer.
type File struct {
	*bufio.Writer
	f            *os.File
	pack         io.WriteCloser // nil for none
	stored, open counted
}

// Sum is what there is of a file: bytes, and their SHA-256.
type Sum struct {
	Bytes  int64
	SHA256 []byte
}

// Create makes the file path with the suffix of a compression behind it: ".gz",
// ".zst", or empty for none.
func Create(path, suffix string) (*File, error) {
	switch suffix {
	case "", ".gz", ".zst":
	default:
		return nil, fmt.Errorf("no way to write %q", suffix)
	}
	f, err := os.Create(path + suffix)
	if err != nil {
		return nil, err
	}
	o := &File{f: f}
	o.stored = counted{w: f, hash: sha256.New()}
	out := io.Writer(&o.stored)
	switch suffix {
	case ".gz":
		o.pack = gzip.NewWriter(out)
	case ".zst":
		if o.pack, err = zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20)); err != nil {
			_ = f.Close()
			return nil, err
		}
	}
	if o.pack != nil {
		out = o.pack
	}
	o.open = counted{w: out, hash: sha256.New()}
	o.Writer = bufio.NewWriterSize(&o.open, bufBytes)
	return o, nil
}

// Name is the path of the file, with its suffix.
func (o *File) Name() string { return o.f.Name() }

// Close ends the file.
func (o *File) Close() error {
	err := o.Flush()
	if o.pack != nil {
		err = cmp.Or(err, o.pack.Close())
	}
	return cmp.Or(err, o.f.Close())
}

// Abandon frees a file that is not to be ended. After Close it does nothing.
func (o *File) Abandon() { _ = o.f.Close() }

// Stored and Open are of the file as it is, and before it was compressed; to be
// asked after Close.
func (o *File) Stored() Sum { return o.stored.sum() }

// Open is what was written.
func (o *File) Open() Sum { return o.open.sum() }

// counted passes bytes on, and keeps their number and hash.
type counted struct {
	w    io.Writer
	hash hash.Hash
	n    int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	_, _ = c.hash.Write(p[:n])
	c.n += int64(n)
	return n, err
}

func (c *counted) sum() Sum { return Sum{c.n, c.hash.Sum(nil)} }
