package source

import (
	"fmt"
	"hash"

	"github.com/syncmem/syncmem/contentmodel"
)

// Expect is what an index says of a file that it names. A field that is zero
// expects nothing. Whatever differs is an error of the stream: at the byte
// that is too much, or where io.EOF would be. So a reader must not take what
// came before for good until it has met io.EOF.
type Expect struct {
	Size         int64                 // bytes as stored
	Checksum     contentmodel.Checksum // of them
	OpenSize     int64                 // bytes after decompression
	OpenChecksum contentmodel.Checksum // of them
	By           string                // who says so, for messages: a file name
}

// raw and open are what is expected of the bytes as stored, and as read.
func (e Expect) raw() expected { return newExpected(e.Size, e.Checksum, "", e.By) }

func (e Expect) open() expected {
	return newExpected(e.OpenSize, e.OpenChecksum, " after decompression", e.By)
}

// expected compares the bytes that pass with what is known of them.
type expected struct {
	size int64
	sum  contentmodel.Checksum
	when string
	by   string
	hash hash.Hash // nil if no checksum is known
	n    int64
}

func newExpected(size int64, sum contentmodel.Checksum, when, by string) expected {
	return expected{size: size, sum: sum, when: when, by: by, hash: sum.New()}
}

// pass takes the next bytes.
func (e *expected) pass(p []byte) error {
	e.n += int64(len(p))
	if e.size > 0 && e.n > e.size {
		return e.differs("has more than %d bytes", e.size)
	}
	if e.hash != nil {
		_, _ = e.hash.Write(p) // never fails
	}
	return nil
}

// end is the verdict, when all bytes have passed.
func (e *expected) end() error {
	if e.size > 0 && e.n != e.size {
		return e.differs("has %d bytes and not %d", e.n, e.size)
	}
	if e.hash == nil {
		return nil
	}
	if got := contentmodel.Checksum(e.hash.Sum(nil)); got != e.sum {
		of := ""
		if e.sum == contentmodel.Checksum(e.sum.New().Sum(nil)) {
			of = " (that of an empty file)" // of an upload that broke
		}
		return e.differs("has the %s %s and not %s%s", e.sum.Type(), got, e.sum, of)
	}
	return nil
}

func (e *expected) differs(format string, args ...any) error {
	err := fmt.Errorf(format+e.when, args...)
	if e.by != "" {
		err = fmt.Errorf("%w, as %s says", err, e.by)
	}
	return remedy(err, "the server may be in the middle of an update: run again; if it stays, the repository is broken")
}
