// Package extsort sorts more pairs of a key and a value than memory holds, in a
// temporary file.
//
// What is added waits in a space of fixed size, is sorted there, and written as
// a run; 64 runs are merged into one. The values of a key stay in the order in
// which they were added. Each is written as how much it has in common with the
// one before it, and the rest, which makes lists of paths a quarter as long.
package extsort

import (
	"bufio"
	"fmt"
	"slices"

	"github.com/syncmem/syncmem/contentmodel/internal/scratch"
)

// Bytes is what a [Sorter] keeps on the heap until it has sorted, about.
const Bytes = 6 << 20

const (
	// memory is what is sorted at once, with all that is needed for it: twice as
	// much makes nothing faster.
	memory = 4 << 20
	// fanIn is how many runs are merged into one, and so about how many there
	// are at the end, times the logarithm of what was added: with runs of 4 MiB
	// 63 hold 256 MiB, 126 hold 16 GiB.
	fanIn = 64

	entryBytes = 12 * 2 // of the slice that grows
	keyBytes   = 120    // of a key in the map, beside itself, about
)

// Sorter takes pairs. It belongs to one goroutine.
type Sorter struct {
	dir, why string
	memory   int
	file     scratch.File
	w        *bufio.Writer
	end      int64 // of the file
	runs     []run // those of a higher level come first

	values  []byte
	entries []entry
	ids     map[string]uint32
	keys    []string // by id
	used    int      // bytes of it all, about
}

// entry is a pair: its key by number, and where its value is among values.
type entry struct{ key, at, n uint32 }

// New makes a sorter whose file is in dir, or where the system has such files.
// Why stands in the error if it can't be made, which is done when it is needed.
func New(dir, why string) *Sorter {
	return &Sorter{dir: dir, why: why, memory: memory, ids: make(map[string]uint32)}
}

// Close frees everything, unless Sort has handed it on. It may be called twice.
func (s *Sorter) Close() {
	s.file.Close()
	s.file = scratch.File{}
}

// Add adds a pair, of which it keeps nothing. Together they may have 1 GiB.
func (s *Sorter) Add(key, value []byte) error {
	if s.used > 0 && s.used+len(key)+len(value)+keyBytes > s.memory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	id, ok := uint32(0), false
	// Neighbours often have the same key, which is found without the map.
	if n := len(s.entries); n > 0 {
		id = s.entries[n-1].key
		ok = s.keys[id] == string(key)
	}
	if !ok {
		if id, ok = s.ids[string(key)]; !ok {
			id = uint32(len(s.keys))
			k := string(key)
			s.keys = append(s.keys, k)
			s.ids[k] = id
			s.used += keyBytes + len(key)
		}
	}
	s.entries = append(s.entries, entry{id, uint32(len(s.values)), uint32(len(value))})
	s.values = append(s.values, value...)
	s.used += entryBytes + len(value)
	return nil
}

// Reset drops what was added, and tells whether it could: what is in the file
// stays.
func (s *Sorter) Reset() bool {
	if len(s.runs) > 0 {
		return false
	}
	s.clear()
	return true
}

func (s *Sorter) clear() {
	clear(s.ids)
	s.values, s.entries, s.keys, s.used = s.values[:0], s.entries[:0], s.keys[:0], 0
}

// Sort ends the adding. Whoever has the result closes it, and it alone.
func (s *Sorter) Sort() (*Sorted, error) {
	if err := s.spill(); err != nil {
		return nil, err
	}
	sorted := &Sorted{file: s.file, runs: s.runs}
	*s = Sorter{}
	return sorted, nil
}

// spill writes what waits as a run.
func (s *Sorter) spill() error {
	if len(s.entries) == 0 {
		return nil
	}
	if s.w == nil {
		f, err := scratch.Open(s.dir, s.why)
		if err != nil {
			return err
		}
		s.file, s.w = f, bufio.NewWriterSize(f, 64<<10)
	}
	ids := make([]uint32, len(s.keys))
	for i := range ids {
		ids[i] = uint32(i)
	}
	slices.SortFunc(ids, func(a, b uint32) int { return compare(s.keys[a], s.keys[b]) })
	byKey, starts := s.group()
	w := runWriter{w: s.w, run: run{begin: s.end}, at: s.end, stride: markEvery}
	for _, id := range ids {
		all := byKey[starts[id]:starts[id+1]]
		w.open(s.keys[id])
		for _, e := range all {
			w.add(s.values[e.at : e.at+e.n])
		}
		if err := w.close(); err != nil {
			return tempError(err)
		}
	}
	s.clear()
	if err := s.append(w.end()); err != nil {
		return err
	}
	return s.merge()
}

// group is the entries by the number of their key, in the order in which they
// came, and where each begins.
func (s *Sorter) group() (all []entry, starts []uint32) {
	starts = make([]uint32, len(s.keys)+2)
	for _, e := range s.entries {
		starts[e.key+2]++
	}
	for i := 2; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	all = make([]entry, len(s.entries))
	for _, e := range s.entries {
		all[starts[e.key+1]] = e
		starts[e.key+1]++
	}
	return all, starts
}

func (s *Sorter) append(r run) error {
	s.end = r.end
	s.runs = append(s.runs, r)
	return tempError(s.w.Flush())
}

// merge makes one run of the last ones, if there are so many of one level: they
// follow each other in the file and in the order of what was added.
func (s *Sorter) merge() error {
	n := len(s.runs)
	if n < fanIn || s.runs[n-fanIn].level != s.runs[n-1].level {
		return nil
	}
	last := s.runs[n-fanIn:]
	w := runWriter{w: s.w, run: run{begin: s.end, level: last[0].level + 1}, at: s.end}
	w.stride = max(markEvery, (last[fanIn-1].end-last[0].begin)/maxMarks)
	h, err := newHeap(s.file, last)
	for err == nil && len(h) > 0 {
		if err = w.copy(h[0]); err == nil {
			err = h.next()
		}
	}
	if err != nil {
		return tempError(err)
	}
	s.runs = s.runs[:n-fanIn]
	if err := s.append(w.end()); err != nil {
		return err
	}
	return s.merge()
}

func compare[A, B string | []byte](a A, b B) int {
	switch {
	case string(a) < string(b):
		return -1
	case string(a) > string(b):
		return 1
	}
	return 0
}

func tempError(err error) error {
	if err != nil {
		err = fmt.Errorf("temporary file: %w", err)
	}
	return err
}
