package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

const gzipMagic = "\x1f\x8b"

// gzipReader reads members one after the other, as gzip itself does. The
// decoder's own way of doing so takes a cut inside a later member's header for
// the end.
type gzipReader struct {
	in   *bufio.Reader
	z    *gzip.Reader
	done bool
	left int64 // bytes behind the last member that are no padding
}

func openGzip(in *bufio.Reader, _ int64) (io.ReadCloser, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, unexpected(err)
	}
	z.Multistream(false)
	return &gzipReader{in: in, z: z}, nil
}

func (g *gzipReader) Close() error { return g.z.Close() }

func (g *gzipReader) Read(p []byte) (int, error) {
	for !g.done {
		n, err := g.z.Read(p)
		if err == io.EOF { // of the member
			err = g.nextMember()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.EOF
}

// nextMember opens the member behind the one that ended, if there is one. Any
// zeros between are padding, and whatever else is behind the last member is
// ignored, as gzip and apt do; but not a member behind that.
func (g *gzipReader) nextMember() error {
	for {
		head, err := g.in.Peek(len(gzipMagic))
		switch {
		case string(head) == gzipMagic:
			if err := g.z.Reset(g.in); err != nil {
				return unexpected(err)
			}
			g.z.Multistream(false)
			return nil
		case err != nil && err != io.EOF:
			return err
		case string(head) == gzipMagic[:1]:
			return io.ErrUnexpectedEOF
		case len(head) == 0:
			g.done = true
			return nil
		case head[0] != 0:
			g.done = true
			return g.garbage()
		}
		_, _ = g.in.Discard(1)
	}
}

// garbage reads on to the end, and looks for a member in what it passes.
func (g *gzipReader) garbage() error {
	const member = gzipMagic + "\x08"
	for {
		b, err := g.in.Peek(inBytes / 2)
		if bytes.Contains(b, []byte(member)) {
			return errors.New("garbage between two members")
		}
		if err != nil {
			g.skip(len(b))
			if err == io.EOF {
				return nil
			}
			return err
		}
		g.skip(len(b) - len(member) + 1) // a member may begin at the end
	}
}

func (g *gzipReader) skip(n int) {
	n, _ = g.in.Discard(n)
	g.left += int64(n)
}

func (g *gzipReader) ignored() int64 { return g.left }

// unexpected is err, where an end is none.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
