package record

import (
	"encoding/binary"
	"strings"
	"time"
)

// coder writes values into buf or reads them from it. What a record consists of is so said once, in one
// function that takes a coder, for both directions. Numbers are varints, since most are small.
type coder struct {
	buf     []byte
	reading bool
	bad     bool // what was read does not make sense; everything after it reads as zero
}

// ints codes signed numbers.
func (c *coder) ints(all ...*int64) {
	for _, p := range all {
		if !c.reading {
			c.buf = binary.AppendVarint(c.buf, *p)
			continue
		}
		v, n := binary.Varint(c.buf)
		c.skip(n)
		if !c.bad {
			*p = v
		}
	}
}

// skip drops n bytes that were read; 0 or less says that they were no number.
func (c *coder) skip(n int) {
	if n <= 0 || n > len(c.buf) {
		c.bad, c.buf = true, nil
		return
	}
	c.buf = c.buf[n:]
}

// text codes a string of at most limit bytes; a longer one is cut when it is written.
func (c *coder) text(p *string, limit int) {
	if !c.reading {
		s := cut(*p, limit)
		c.buf = binary.AppendUvarint(c.buf, uint64(len(s)))
		c.buf = append(c.buf, s...)
		return
	}
	n, size := binary.Uvarint(c.buf)
	c.skip(size)
	if c.bad || n > uint64(len(c.buf)) || n > uint64(limit) {
		c.skip(0)
		return
	}
	*p = strings.ToValidUTF8(string(c.buf[:n]), "?")
	c.buf = c.buf[n:]
}

// cut shortens s to limit bytes, whole characters, and marks that it did.
func cut(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len(mark)], "") + mark
}

func (c *coder) flag(p *bool) {
	var v int64
	if *p {
		v = 1
	}
	c.ints(&v)
	*p = v == 1
}

// when codes a time to the nanosecond, without its zone.
func (c *coder) when(p *time.Time) {
	var v int64
	if !c.reading {
		v = p.UnixNano()
	}
	c.ints(&v)
	if c.reading {
		*p = time.Unix(0, v)
	}
}

// list codes a slice. Each element takes a byte at least, so that a damaged length can't ask for more memory
// than a few times the record.
func list[T any](c *coder, all *[]T, code func(*coder, *T)) {
	n := int64(len(*all))
	c.ints(&n)
	if c.reading {
		if c.bad || n < 0 || n > int64(len(c.buf)) {
			c.skip(0)
			return
		}
		*all = make([]T, n)
	}
	for i := range *all {
		code(c, &(*all)[i])
	}
}
