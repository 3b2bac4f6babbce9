package xmlread

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

var errNUL = errors.New("has a NUL byte, so it is no XML")

// bounded is what the parser reads from. The parser's buffer grows for one
// event, however long, so the bytes since the last event are counted.
type bounded struct {
	r     io.Reader
	since int
	limit int
	head  []byte // the first bytes, for messages
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.since > b.limit {
		return 0, fmt.Errorf("an element or text is longer than %d bytes", b.limit)
	}
	for {
		n, err := b.r.Read(p)
		b.since += n
		if len(b.head) < cap(b.head) {
			b.head = append(b.head, p[:min(n, cap(b.head)-len(b.head))]...)
		}
		if bytes.IndexByte(p[:n], 0) >= 0 {
			return 0, errNUL
		}
		if n > 0 || err != nil { // the parser takes nothing at all for an end
			return n, err
		}
	}
}
