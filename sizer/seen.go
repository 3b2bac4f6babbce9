package sizer

import (
	"math/bits"
	"sync"
	"unsafe"
)

// seen is the set of blocks one call has charged, by start address, with the bytes charged.
// Most content has few references, so the first fewSeen are kept in a small hash table in here,
// which needs no allocation.
type seen struct {
	n     int
	few   [2 * fewSeen]addrEntry
	large *addrTable
}

// The small table is cleared in every call, 11 ns, which the smallest values pay too; a large one is taken from where
// the last call left it, and has left the cache since: 1.3 us for content that goes by once.
const (
	fewBits = 8
	fewSeen = 1 << fewBits / 2
)

// near is what a plain walk has charged and may come back to, such as the versions of a package. They are few, so a
// short list in the walker will do for most. What a call of Of clears first, 4 KiB, would be a tenth of its time.
type near struct {
	n      int
	blocks [8]addrEntry
}

// memories are cleared ones, for plain walks that remember more.
var memories = sync.Pool{New: func() any { return new(memory) }}

// nearby is seen.add for a plain walk.
func (w *walker) nearby(p unsafe.Pointer, size uintptr) uintptr {
	for i := range w.near.n {
		if e := &w.near.blocks[i]; e.addr == uintptr(p) {
			return grown(&e.size, size)
		}
	}
	if w.near.n < len(w.near.blocks) {
		w.near.blocks[w.near.n] = addrEntry{uintptr(p), size}
		w.near.n++
		return size
	}
	if w.memory == nil {
		w.memory = memories.Get().(*memory)
	}
	return w.memory.seen.add(p, size)
}

// release hands back the memory of a plain walk that needed one.
func (n *near) release(m *memory) {
	if n.n == len(n.blocks) {
		clear(m.seen.few[:])
		m.seen.n = 0
		// Hidden, or the compiler moved the memory of every call to the heap; this one came from there.
		memories.Put((*memory)(hide(unsafe.Pointer(m))))
	}
}

// add notes a block of size bytes at p and returns how many of them are new: all at the first
// sight, none at the second, the difference when p is the start of a larger block than it
// seemed at first (a pointer to element 0, and later the slice).
func (s *seen) add(p unsafe.Pointer, size uintptr) uintptr {
	a := uintptr(p)
	if s.large != nil {
		return s.addLarge(a, size)
	}
	i := homeOf(a, 64-fewBits)
	for ; s.few[i%uintptr(len(s.few))].addr != 0; i++ {
		if e := &s.few[i%uintptr(len(s.few))]; e.addr == a {
			return grown(&e.size, size)
		}
	}
	if s.n < fewSeen {
		s.few[i%uintptr(len(s.few))] = addrEntry{a, size}
		s.n++
		return size
	}
	s.large = takeTable(0)
	s.large.addAll(s.few[:])
	return s.addLarge(a, size)
}

func (s *seen) addLarge(a, size uintptr) uintptr {
	more := s.large.add(a, size)
	if s.large.full() {
		small := s.large
		s.large = takeTable(small.class + 1)
		s.large.addAll(small.entries)
		small.giveBack()
	}
	return more
}

// release hands the large table back for the next call.
func (s *seen) release() {
	if s.large != nil {
		s.large.giveBack()
		s.large = nil
	}
}

// grown raises *old to size and returns by how much.
func grown(old *uintptr, size uintptr) uintptr {
	if size <= *old {
		return 0
	}
	more := size - *old
	*old = size
	return more
}

// addrTable is the set for many blocks: open addressing, linear probing, at most half full.
// Addresses are kept as numbers, which keep nothing alive: the caller's value does.
type addrTable struct {
	entries []addrEntry
	shift   uint
	n       int
	class   int
}

type addrEntry struct{ addr, size uintptr }

// tablePools hold cleared tables by class, of 1024 entries and four times as many each: a small
// value after a giant one must not clear the giant's table. The largest have 4 MiB; beyond,
// tables are made and dropped.
var tablePools [5]sync.Pool

func newTable(class int) *addrTable {
	n := 8 * fewSeen << (2 * class)
	return &addrTable{entries: make([]addrEntry, n), shift: uint(64 - bits.Len(uint(n-1))), class: class}
}

func takeTable(class int) *addrTable {
	if class < len(tablePools) {
		if t, ok := tablePools[class].Get().(*addrTable); ok {
			return t
		}
	}
	return newTable(class)
}

func (t *addrTable) giveBack() {
	if t.class < len(tablePools) {
		clear(t.entries)
		t.n = 0
		tablePools[t.class].Put(t)
	}
}

func (t *addrTable) full() bool { return 2*t.n > len(t.entries) }

// add is seen.add; the table must not be full.
func (t *addrTable) add(a, size uintptr) uintptr {
	mask := uintptr(len(t.entries) - 1)
	for i := homeOf(a, t.shift); ; i++ {
		e := &t.entries[i&mask]
		if e.addr == a {
			return grown(&e.size, size)
		}
		if e.addr == 0 {
			*e = addrEntry{a, size}
			t.n++
			return size
		}
	}
}

// addAll moves the entries of a smaller table here.
func (t *addrTable) addAll(entries []addrEntry) {
	for _, e := range entries {
		if e.addr != 0 {
			t.add(e.addr, e.size)
		}
	}
}

// homeOf is Fibonacci hashing, as in the table of plans.
func homeOf(a uintptr, shift uint) uintptr {
	return uintptr(uint64(a) * 0x9E3779B97F4A7C15 >> shift)
}
