package source

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
)

// The defaults of Options.
const (
	DefaultConnectTimeout = 30 * time.Second
	DefaultStallTimeout   = 60 * time.Second
	DefaultLeastRate      = 1 << 10 // bytes a second
	// DefaultMaxWindow holds what `xz -6` and `zstd -19` need, the strongest
	// settings repositories commonly use.
	DefaultMaxWindow = 8 << 20
)

// inBytes is the read buffer before the decoder. 64 KiB makes reads of a
// file cheap; more makes nothing faster.
const inBytes = 64 << 10

// Options bound what Open may wait for and hold. The zero value is ready.
type Options struct {
	// ConnectTimeout is for name look-up, TCP and TLS together, each.
	ConnectTimeout time.Duration
	// StallTimeout is how long a server may send no byte while it is waited
	// for. The time the caller takes between reads does not count.
	StallTimeout time.Duration
	// LeastRate is how many bytes a second a server must send while it is
	// waited for, judged over StallTimeout; negative for none.
	LeastRate int64
	// MaxWindow is the most bytes of history a decoder may hold. The decoder's
	// whole memory is this plus at most 1 MiB; for bzip2 it is 4 MiB always.
	MaxWindow int64
	// Expect is what the stream must turn out to be.
	Expect Expect
	// Ahead decodes in a goroutine of its own, up to 256 KiB before the reader.
	Ahead bool
	// Accept asks a server for a form of what it has, as the HTTP header does.
	Accept string
	// Note is told what is odd but stops nothing, such as garbage behind a gzip.
	// With Ahead it is called by another goroutine than the one that reads, and
	// before Close returns. Nil drops it.
	Note func(string)
	// Client replaces the built-in HTTP client; ConnectTimeout is then its own
	// business. It must not ask for or undo compression (see http.Transport's
	// DisableCompression), or Progress counts the wrong bytes.
	Client *http.Client
}

func (o Options) withDefaults() Options {
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, DefaultConnectTimeout)
	o.StallTimeout = cmp.Or(o.StallTimeout, DefaultStallTimeout)
	o.LeastRate = cmp.Or(o.LeastRate, DefaultLeastRate)
	o.MaxWindow = cmp.Or(o.MaxWindow, DefaultMaxWindow)
	return o
}

// Open opens a path or an http(s) URL and finds out how it is compressed, by
// its first bytes and not by its name. It waits until those bytes are there.
// The stream ends with ctx's error when ctx is done; the caller must Close it.
//
// Errors are [*contentmodel.InputError] and name the input.
func Open(ctx context.Context, name string, opt Options) (*Stream, error) {
	opt = opt.withDefaults()
	ctx, cancel := context.WithCancelCause(ctx)
	s := &Stream{name: name, suffix: name, ctx: ctx, cancel: cancel, note: opt.Note}
	if err := s.start(opt); err != nil {
		err = s.explain(err) // before Close, which cancels
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stream) start(opt Options) error {
	if err := s.openRaw(opt); err != nil {
		return err
	}
	s.raw.ctx = s.ctx
	s.raw.expect, s.open = opt.Expect.raw(), opt.Expect.open()
	in := bufio.NewReaderSize(&s.raw, inBytes)
	kind, err := detect(in, s.suffix)
	if err != nil {
		return err
	}
	s.kind, s.in = kind, in
	if s.dec, err = kind.open(in, opt.MaxWindow); err == nil && opt.Ahead {
		s.ahead = readAhead(s.read)
	}
	return err
}

// openRaw opens the bytes as they are stored. What looks like a URL of any
// scheme is one: a path that holds "://" can be written "./x://y".
func (s *Stream) openRaw(opt Options) error {
	u, err := url.Parse(s.name)
	if err != nil || u.Scheme == "" || !strings.Contains(s.name, "://") {
		return s.openFile()
	}
	if u.Scheme == "file" && (u.Host == "" || u.Host == "localhost") {
		s.name, s.suffix = u.Path, u.Path
		return s.openFile()
	}
	if u.Host == "" {
		return s.openFile()
	}
	s.name, s.suffix = Redact(s.name), u.Path
	if u.Scheme != "http" && u.Scheme != "https" {
		return remedy(errors.New("unsupported scheme "+u.Scheme), "use http, https, file or a path")
	}
	return s.openURL(u, opt)
}

func (s *Stream) openFile() error {
	f, err := openWithin(s.ctx, s.name)
	if err != nil {
		return remedy(cause(err), "check the path and its permissions")
	}
	s.body = f
	info, err := f.Stat()
	switch {
	case err != nil:
		return cause(err)
	case info.IsDir():
		return remedy(errors.New("is a directory"), "name the file inside it")
	case info.Mode().IsRegular():
		s.total, s.raw.least = info.Size(), info.Size()
	default:
		s.total = -1 // a pipe or device
	}
	// Closing a pipe ends a read that waits on it; a read of a regular file
	// never waits, and raw.Read asks the context anyway.
	s.stop = context.AfterFunc(s.ctx, func() { _ = f.Close() })
	s.raw.r = f
	return nil
}

// openWithin is os.Open, but not past the end of ctx: opening a named pipe
// waits for its writer, and nothing ends that wait but one. The goroutine that
// is left behind then stays as long.
func openWithin(ctx context.Context, name string) (*os.File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened)
	go func() {
		f, err := os.Open(name)
		select {
		case done <- opened{f, err}:
		case <-ctx.Done():
			_ = f.Close() // of nil, too: that is an error and nothing else
		}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cause strips the operation and path from an os error; our message has them.
func cause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

// remedy is an error with advice; explain adds the name.
func remedy(err error, advice string) error {
	return &contentmodel.InputError{Err: err, Remedy: advice}
}

var _ io.ReadCloser = (*Stream)(nil)
