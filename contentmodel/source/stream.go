package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/web"
)

// Stream is an open input: Read gives decompressed bytes. One goroutine reads;
// Progress may be called from any other.
type Stream struct {
	name   string // for messages
	suffix string // the part of the name a file suffix is looked for in
	ctx    context.Context
	cancel context.CancelCauseFunc

	raw   raw           // the bytes as stored, counted
	in    *bufio.Reader // their buffer
	body  io.Closer     // what raw reads from; nil before it is open
	dec   io.ReadCloser // what Read reads from; nil before it is open
	kind  *compression
	open  expected // of the decompressed bytes
	ahead *ahead   // nil if Read decodes by itself
	total int64
	stop  func() bool  // detaches the context from body
	idle  func()       // closes the client's connections
	note  func(string) // nil drops what is odd
	err   error        // what ended the stream
}

// Name is the path or URL, for messages; a URL is without its password, and
// with the address it was redirected to.
func (s *Stream) Name() string { return s.name }

// Compression is what the first bytes say: "plain", "gzip", "xz", "zstd",
// "bzip2" or "lz4".
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
	n, err := 0, error(nil)
	if s.ahead != nil {
		n, err = s.ahead.Read(p)
	} else {
		n, err = s.read(p)
	}
	s.err = s.explain(err)
	return n, s.err
}

// read decodes and compares; what the decoder left, such as padding, is a part of the file as stored.
func (s *Stream) read(p []byte) (int, error) {
	n, err := s.dec.Read(p)
	if bad := s.open.pass(p[:n]); bad != nil {
		return 0, bad
	}
	if err != io.EOF {
		return n, err
	}
	if _, bad := s.in.WriteTo(io.Discard); bad != nil {
		return n, bad
	}
	if g, ok := s.dec.(interface{ ignored() int64 }); ok && g.ignored() > 0 && s.note != nil {
		s.note(fmt.Sprintf("%s: %d bytes behind the %s are no part of it, and are ignored", s.name, g.ignored(), s.what()))
	}
	if bad := s.raw.expect.end(); bad != nil {
		return n, bad
	}
	if bad := s.open.end(); bad != nil {
		return n, bad
	}
	return n, io.EOF
}

// Close frees the decoder and the file or connection. A second call does
// nothing; a Read after it fails.
func (s *Stream) Close() error {
	s.cancel(errClosed)
	if s.stop != nil {
		s.stop()
	}
	if s.body != nil {
		_ = s.body.Close()
	}
	if s.ahead != nil {
		s.ahead.stop()
	}
	if s.dec != nil {
		_ = s.dec.Close()
	}
	if s.idle != nil {
		s.idle()
	}
	s.dec, s.body, s.idle, s.ahead = nil, nil, nil, nil
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
	var in *contentmodel.InputError
	if errors.As(err, &in) {
		e.Err, e.Remedy = in.Err, in.Remedy
	}
	at := s.raw.n.Load()
	switch {
	case s.ctx.Err() != nil:
		e.Err, e.Remedy = context.Cause(s.ctx), ""
		if errors.Is(e.Err, web.ErrStall) || errors.Is(e.Err, web.ErrSlow) {
			e.Remedy = "check the server and the network, then run again"
		}
	case errors.As(s.raw.err, &in): // whatever the decoder made of it
		e.Err, e.Remedy = in.Err, in.Remedy
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

// raw counts the bytes as stored and compares them with what is expected.
type raw struct {
	r      io.Reader
	ctx    context.Context
	n      atomic.Int64
	least  int64 // bytes that must come: of a local file when it was opened
	expect expected
	err    error
}

func (r *raw) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	total := r.n.Add(int64(n))
	if err == io.EOF && total < r.least {
		err = remedy(fmt.Errorf("became shorter while it was read: it had %d bytes and ends after %d", r.least, total), "run again when nobody writes to it")
	}
	if bad := r.expect.pass(p[:n]); bad != nil {
		n, err = 0, bad
	}
	if err != nil {
		r.err = err
	}
	return n, err
}
