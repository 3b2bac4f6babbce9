package artifact

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/syncmem/syncmem/contentmodel"
)

// What an artifact's bytes may turn out to be.
var (
	// ErrDigest says that the bytes do not have the declared checksum.
	ErrDigest = errors.New("wrong checksum")
	// ErrSize says that there are more or fewer bytes than declared.
	ErrSize = errors.New("wrong size")
)

// Writer takes the bytes of one artifact into a temporary file, and gives it its name when they have turned out to be right. It is
// for one goroutine.
type Writer struct {
	folder *Folder
	file   *os.File
	lease  *lease
	sum    contentmodel.Checksum // declared
	size   int64                 // declared; negative: unknown
	n      int64
	hash   hash.Hash
	done   bool
}

func newWriter(f *Folder, file *os.File, l *lease, sum contentmodel.Checksum, size int64) *Writer {
	h := sum.New()
	if h == nil {
		h = sha256.New()
	}
	return &Writer{folder: f, file: file, lease: l, sum: sum, size: size, hash: h}
}

// Len is how many bytes were written.
func (w *Writer) Len() int64 { return w.n }

// Write takes the next bytes. More than were declared are ErrSize, and none of p is taken then.
func (w *Writer) Write(p []byte) (int, error) {
	if w.size >= 0 && int64(len(p)) > w.size-w.n {
		return 0, fmt.Errorf("%w: has more than %d bytes", ErrSize, w.size)
	}
	if w.size < 0 {
		w.lease.grow(int64(len(p))) // before there are more bytes on disk
	}
	n, err := w.file.Write(p)
	w.n += int64(n)
	_, _ = w.hash.Write(p[:n])
	if err != nil {
		return n, diskError(w.folder.dir, err)
	}
	return n, nil
}

// Reset starts anew, with no byte.
func (w *Writer) Reset() error {
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return diskError(w.folder.dir, err)
	}
	if err := w.file.Truncate(0); err != nil {
		return diskError(w.folder.dir, err)
	}
	w.hash.Reset()
	w.n = 0
	if w.size < 0 {
		w.lease.shrink(0)
	}
	return nil
}

// Commit verifies what was written, and puts it into the folder: it returns once it would survive a power failure. The checksum is
// the one that it is kept by: the declared one, or else its SHA-256. After ErrSize or ErrDigest nothing is there, and Reset may start anew.
func (w *Writer) Commit() (contentmodel.Checksum, error) {
	sum := contentmodel.Checksum(w.hash.Sum(nil))
	switch {
	case w.size >= 0 && w.n != w.size:
		return "", fmt.Errorf("%w: has %d bytes and not %d", ErrSize, w.n, w.size)
	case w.sum != "" && sum != w.sum:
		return "", fmt.Errorf("%w: has the %s %s and not %s", ErrDigest, sum.Type(), sum, w.sum)
	}
	if err := w.file.Sync(); err != nil {
		return "", diskError(w.folder.dir, err)
	}
	if err := w.file.Close(); err != nil { // before it is renamed, for Windows
		return "", diskError(w.folder.dir, err)
	}
	if err := w.folder.keep(w.file.Name(), sum); err != nil {
		return "", diskError(w.folder.dir, err)
	}
	w.done = true
	w.lease.release()
	return sum, nil
}

// Close gives up what was not committed. A second call does nothing.
func (w *Writer) Close() {
	if !w.done {
		w.done = true
		_ = w.file.Close()
		_ = os.Remove(w.file.Name()) // else the next Open does
	}
	w.lease.release()
}
