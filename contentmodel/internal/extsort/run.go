package extsort

import (
	"bufio"
	"encoding/binary"
	"io"
)

const (
	// markEvery is how far apart marks are, in bytes of the file: what is read
	// at most to find a key.
	markEvery = 16 << 10
	maxMarks  = 512 // of a merged run
	// readBytes is the buffer of a cursor; there is one for each run.
	readBytes = 8 << 10
)

// run is a part of the file that is sorted: groups of a key and values. A key
// with many values may have several groups in a row.
type run struct {
	begin, end int64
	level      int // how often it was merged
	marks      []mark
}

// mark is where a group begins whose key is written whole.
type mark struct {
	key string
	at  int64
}

// runWriter writes a run, group by group: how much its key has in common with
// that of the group before, the rest of the key, how many values there are, how
// many bytes these take, and they themselves.
type runWriter struct {
	w      *bufio.Writer
	run    run
	at     int64 // where the next group goes
	stride int64
	key    []byte // of the group before

	values []byte // of the group that is open
	n      int
	last   []byte // the value before
	head   []byte
}

func (w *runWriter) open(key string) {
	w.begin(key)
	w.values, w.n, w.last = w.values[:0], 0, w.last[:0]
}

// begin writes the key into head, and a mark if it is time for one.
func (w *runWriter) begin(key string) {
	shared := common(w.key, key)
	if n := len(w.run.marks); n == 0 || w.at-w.run.marks[n-1].at >= w.stride {
		shared = 0
		w.run.marks = append(w.run.marks, mark{key, w.at})
	}
	w.head = binary.AppendUvarint(w.head[:0], uint64(shared))
	w.head = binary.AppendUvarint(w.head, uint64(len(key)-shared))
	w.head = append(w.head, key[shared:]...)
	w.key = append(w.key[:shared], key[shared:]...)
}

func (w *runWriter) add(value []byte) {
	shared := common(w.last, value)
	w.values = binary.AppendUvarint(w.values, uint64(shared))
	w.values = binary.AppendUvarint(w.values, uint64(len(value)-shared))
	w.values = append(w.values, value[shared:]...)
	w.last = append(w.last[:shared], value[shared:]...)
	w.n++
}

func (w *runWriter) close() error {
	if err := w.header(w.n, len(w.values)); err != nil {
		return err
	}
	_, err := w.w.Write(w.values)
	return err
}

func (w *runWriter) header(n, bytes int) error {
	w.head = binary.AppendUvarint(w.head, uint64(n))
	w.head = binary.AppendUvarint(w.head, uint64(bytes))
	w.at += int64(len(w.head) + bytes)
	_, err := w.w.Write(w.head)
	return err
}

// copy writes the group that is open in c, whose values it takes.
func (w *runWriter) copy(c *cursor) error {
	w.begin(string(c.key))
	if err := w.header(c.n, c.bytes); err != nil {
		return err
	}
	_, err := io.CopyN(w.w, c.r, int64(c.bytes))
	c.n, c.bytes = 0, 0
	return err
}

func (w *runWriter) end() run {
	w.run.end = w.at
	return w.run
}

// common is how many bytes a and b have in common at their beginning.
func common[S string | []byte](a []byte, b S) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// cursor reads a run.
type cursor struct {
	f     io.ReaderAt
	run   *run
	place int // of the run among all
	in    *io.SectionReader
	r     *bufio.Reader

	// The key that find looked for last, if it ever did.
	asked  string
	sought bool

	done  bool
	key   []byte // of the group that is open
	n     int    // values of it that are left
	bytes int    // of all its values, as long as none was taken
	value []byte
}

func newCursor(f io.ReaderAt, r *run, place int) *cursor {
	return &cursor{f: f, run: r, place: place, r: bufio.NewReaderSize(nil, readBytes)}
}

// seek opens the group of a mark.
func (c *cursor) seek(mark int) error {
	at := c.run.marks[mark].at
	c.in = io.NewSectionReader(c.f, at, c.run.end-at)
	c.r.Reset(c.in)
	c.done, c.n, c.bytes, c.key = false, 0, 0, c.key[:0]
	return c.next()
}

// next opens the next group; done says that there is none.
func (c *cursor) next() error {
	if c.bytes > 0 {
		if _, err := c.r.Discard(c.bytes); err != nil {
			return short(err)
		}
		c.n = 0
	}
	for c.n > 0 {
		if _, err := c.take(); err != nil {
			return err
		}
	}
	shared, err := binary.ReadUvarint(c.r)
	if err == io.EOF && c.whole() {
		c.done = true
		return nil
	}
	if err == nil {
		c.key, err = readRest(c.r, c.key, shared)
	}
	var n, bytes uint64
	if err == nil {
		n, err = binary.ReadUvarint(c.r)
	}
	if err == nil {
		bytes, err = binary.ReadUvarint(c.r)
	}
	c.n, c.bytes, c.value = int(n), int(bytes), c.value[:0]
	return short(err)
}

// whole reports whether all of the run was read: where the file ends says
// nothing, as somebody may have cut it between two groups.
func (c *cursor) whole() bool {
	n, err := c.in.Seek(0, io.SeekCurrent)
	return err == nil && n == c.in.Size()
}

// take is the next value of the group, valid until the one after it.
func (c *cursor) take() ([]byte, error) {
	c.n, c.bytes = c.n-1, 0
	shared, err := binary.ReadUvarint(c.r)
	if err == nil {
		c.value, err = readRest(c.r, c.value, shared)
	}
	return c.value, short(err)
}

// readRest reads what follows the first bytes of b.
func readRest(r *bufio.Reader, b []byte, shared uint64) ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return b, err
	}
	from, size := int(shared), int(shared+n)
	if cap(b) < size {
		b = append(make([]byte, 0, size+size/2), b[:from]...)
	}
	b = b[:size]
	_, err = io.ReadFull(r, b[from:])
	return b, err
}

// short is an end of the file that can't be.
func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
