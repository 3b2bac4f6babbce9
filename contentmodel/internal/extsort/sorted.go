package extsort

import (
	"io"
	"sort"

	"github.com/syncmem/syncmem/contentmodel/internal/scratch"
)

// Sorted is what was sorted. It belongs to one goroutine.
type Sorted struct {
	file    scratch.File
	runs    []run
	cursors []*cursor // of Find
}

// Close frees the file.
func (s *Sorted) Close() {
	s.file.Close()
	*s = Sorted{}
}

// Find calls fn with each value of a key, in the order in which they were
// added, and tells whether there is any. A value is valid during the call. It
// costs least when keys are asked for in their order; in any other it reads
// some 16 KiB of each run.
func (s *Sorted) Find(key string, fn func(value []byte)) (found bool, err error) {
	if s.cursors == nil {
		for i := range s.runs {
			s.cursors = append(s.cursors, newCursor(s.file, &s.runs[i], i))
		}
	}
	for _, c := range s.cursors {
		ok, err := c.find(key, fn)
		if err != nil {
			return false, tempError(err)
		}
		found = found || ok
	}
	return found, nil
}

// Rest frees what Find keeps to be quick with the next key.
func (s *Sorted) Rest() { s.cursors = nil }

func (c *cursor) find(key string, fn func([]byte)) (found bool, err error) {
	// The mark before the first of the key: a group of the same key may be before that one.
	marks := c.run.marks
	at := max(0, sort.Search(len(marks), func(i int) bool { return marks[i].key >= key })-1)
	// What was asked for before says where the cursor is: at the first group behind that.
	switch behind := c.sought && key > c.asked; {
	case behind && (c.done || string(c.key) >= key):
	case behind && marks[at].key <= string(c.key):
	default:
		err = c.seek(at)
	}
	c.sought, c.asked = true, key
	for err == nil && !c.done && string(c.key) <= key {
		if string(c.key) == key {
			for c.n > 0 && err == nil {
				var v []byte
				if v, err = c.take(); err == nil {
					fn(v)
				}
			}
			found = true
		}
		if err == nil {
			err = c.next()
		}
	}
	return found, err
}

// All calls fn with every pair, by key, until it returns an error, which All
// returns then.
func (s *Sorted) All(fn func(key, value []byte) error) error {
	h, err := newHeap(s.file, s.runs)
	for err == nil && len(h) > 0 {
		c := h[0]
		for c.n > 0 {
			v, err := c.take()
			if err != nil {
				return tempError(err)
			}
			if err := fn(c.key, v); err != nil {
				return err
			}
		}
		err = h.next()
	}
	return tempError(err)
}

// heap has the cursor with the least key on top, and of those with the same
// the one whose run came first.
type heap []*cursor

func newHeap(f io.ReaderAt, runs []run) (h heap, err error) {
	for i := range runs {
		c := newCursor(f, &runs[i], i)
		if err := c.seek(0); err != nil {
			return nil, err
		}
		h = append(h, c)
	}
	for i := len(h) / 2; i >= 0; i-- {
		h.down(i)
	}
	return h, nil
}

func (h heap) less(i, j int) bool {
	if d := compare(h[i].key, h[j].key); d != 0 {
		return d < 0
	}
	return h[i].place < h[j].place
}

func (h heap) down(i int) {
	for {
		least := i
		for j := 2*i + 1; j <= 2*i+2 && j < len(h); j++ {
			if h.less(j, least) {
				least = j
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// next moves the top one on.
func (h *heap) next() error {
	old := *h
	if err := old[0].next(); err != nil {
		return err
	}
	if old[0].done {
		old[0] = old[len(old)-1]
		*h = old[:len(old)-1]
	}
	h.down(0)
	return nil
}
