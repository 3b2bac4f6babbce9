// Package lines reads text line by line in bounded memory, and counts lines
// for error messages.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/syncmem/syncmem/contentmodel"
)

// bufBytes is the read buffer; a line that fits into it is never copied.
const bufBytes = 64 << 10

// Reader yields the lines of one input.
type Reader struct {
	name   string
	remedy string
	in     *bufio.Reader
	limit  int    // bytes in a line, at most
	line   int64  // number of the line last read
	spill  []byte // a line longer than the buffer; its space is kept
	own    string // what the input should be, in the words of Seems
	head   []byte // how the first line that is not empty begins
}

// New reads lines of up to limit bytes; name is for messages, and remedy for
// those about a line, unless the input is plainly something else.
func New(name string, r io.Reader, limit int, remedy string) *Reader {
	return &Reader{name: name, remedy: remedy, in: bufio.NewReaderSize(r, bufBytes), limit: limit}
}

// For says what the input should be, so that errors do not call it a mistake.
func (r *Reader) For(what string) *Reader {
	r.own = what
	return r
}

// ErrNUL is wrapped by the error for a line that has a NUL byte, which no text has: that line is of no use.
var ErrNUL = errors.New("has a NUL byte, so it is no text")

// Next gives the next line without its end, "\n" or "\r\n", and without a byte
// order mark before the first. The bytes are valid until the next call. At the end of the input the error is io.EOF; all others
// name the input and line. Behind ErrNUL alone there is more to read.
func (r *Reader) Next() ([]byte, error) {
	b, err := r.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		b, err = r.long(b)
	}
	if err == io.EOF && len(b) == 0 {
		return nil, io.EOF
	}
	r.line++
	if len(r.head) == 0 {
		b = r.noteHead(b)
	}
	if len(b) > r.limit+len("\r\n") {
		return nil, r.Errorf("the line is longer than %d bytes", r.limit)
	}
	if err != nil && err != io.EOF { // the last line may lack its end
		return nil, contentmodel.AtLine(r.name, r.line, err)
	}
	if bytes.IndexByte(b, 0) >= 0 { // a hole that a crash left, mostly
		return nil, r.Errorf("%w", ErrNUL)
	}
	return trimEnd(b), nil
}

// long gathers a line that does not fit into the buffer, and stops soon after
// the limit.
func (r *Reader) long(b []byte) ([]byte, error) {
	r.spill = r.spill[:0]
	err := bufio.ErrBufferFull
	for err == bufio.ErrBufferFull && len(r.spill) <= r.limit {
		r.spill = append(r.spill, b...)
		b, err = r.in.ReadSlice('\n')
	}
	r.spill = append(r.spill, b...)
	return r.spill, err
}

func trimEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b
}

// Line is the number of the line last read, from 1.
func (r *Reader) Line() int64 { return r.line }

// Errorf is an error at the line last read.
func (r *Reader) Errorf(format string, args ...any) error { return r.ErrorAt(r.line, format, args...) }
