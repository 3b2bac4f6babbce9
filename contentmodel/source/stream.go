package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
)

// Stream is an open input: Read gives decompressed bytes. One goroutine reads;
// Progress may be called from any other.
type Stream struct {
	name   string // for messages
	suffix string // the part of the name a file suffix is looked for in
	ctx    context.Context
	cancel context.CancelCauseFunc

	raw   raw           // the bytes as stored, counted
	body  io.Closer     // what raw reads from; nil before it is open
	dec   io.ReadCloser // what Read reads from; nil before it is open
	kind  *compression
	total int64
	stop  func() bool // detaches the context from body
	idle  func()      // closes the client's connections
	err   error       // what ended the stream
}

// Name is the path or URL, for messages; a URL is without its password, and
// with the address it was redirected to.
func (s *Stream) Name() string { return s.name }

// Compression is what the first bytes say: "plain", "gzip", "xz", "zstd" or
// "lz4".
func (s *Stream) Compression() string { return s.kind.name }

// Progress is how many bytes were read as stored, before decompression, and
// how many there are, -1 if that is not known. It is safe to call at any time
// and costs one atomic load.
func (s *Stream) Progress() (read, total int64) { return s.raw.n.Load(), s.total }

// Read reads decompressed bytes. io.EOF means that the input was whole, as far
// as its format can tell; anything else is a [*contentmodel.InputError].
func (s *Stream) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.ctx.Err() != nil { // what is buffered must not outlive a cancel
		s.err = s.explain(s.ctx.Err())
		return 0, s.err
	}
	n, err := s.dec.Read(p)
	if err == io.EOF && !s.kind.whole(&s.raw) {
		err = io.ErrUnexpectedEOF
	}
	s.err = s.explain(err)
	return n, s.err
}

// Close frees the decoder and the file or connection. A second call does
// nothing; a Read after it fails.
func (s *Stream) Close() error {
	s.cancel(errClosed)
	if s.stop != nil {
		s.stop()
	}
	if s.dec != nil {
		_ = s.dec.Close()
	}
	if s.body != nil {
		_ = s.body.Close()
	}
	if s.idle != nil {
		s.idle()
	}
	s.dec, s.body, s.idle = nil, nil, nil
	return nil
}

var errClosed = errors.New("read after close")

// explain names the input and finds the error that came first: a cancel shows
// up as a closed file, and a broken connection as corrupt data.
func (s *Stream) explain(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	e := &contentmodel.InputError{Name: s.name, Err: err}
	if in, ok := errors.AsType[*contentmodel.InputError](err); ok {
		e.Err, e.Remedy = in.Err, in.Remedy
	}
	at := s.raw.n.Load()
	switch {
	case s.ctx.Err() != nil:
		e.Err, e.Remedy = context.Cause(s.ctx), ""
		if errors.Is(e.Err, errStall) {
			e.Remedy = "check the server and the network, then run again"
		}
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Err = fmt.Errorf("truncated %s: ends after %d bytes: %w", s.what(), at, io.ErrUnexpectedEOF)
		e.Remedy = "fetch it again"
	case s.raw.err != nil && s.raw.err != io.EOF:
		e.Err = fmt.Errorf("read failed after %d bytes: %w", at, s.raw.err)
		e.Remedy = "run again"
	case s.kind != nil && e.Remedy == "":
		e.Err = fmt.Errorf("corrupt %s at or before byte %d: %w", s.what(), at, err)
		e.Remedy = "fetch it again"
	}
	return e
}

func (s *Stream) what() string {
	if s.kind == nil {
		return "input"
	}
	return s.kind.name + " data"
}

// raw counts the bytes as stored, and keeps the last of them: see whole.
type raw struct {
	r    io.Reader
	ctx  context.Context
	n    atomic.Int64
	err  error
	tail [tailBytes]byte
}

func (r *raw) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	r.n.Add(int64(n))
	r.keep(p[:n])
	if err != nil {
		r.err = err
	}
	return n, err
}

// keep shifts b into the tail.
func (r *raw) keep(b []byte) {
	if len(b) >= tailBytes {
		copy(r.tail[:], b[len(b)-tailBytes:])
		return
	}
	copy(r.tail[:], r.tail[len(b):])
	copy(r.tail[tailBytes-len(b):], b)
}
