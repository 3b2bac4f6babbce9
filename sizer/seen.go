package sizer

import (
	"math/bits"
	"sync"
	"unsafe"
)

// seen is the set of blocks one call has charged, by start address, with the bytes charged.
// Most content has few references, so the first fewSeen are kept in an array and searched one
// by one, which is faster than hashing and needs no allocation.
type seen struct {
	n     int
	addr  [fewSeen]uintptr
	size  [fewSeen]uintptr
	large *addrTable
}

const fewSeen = 16

// add notes a block of size bytes at p and returns how many of them are new: all at the first
// sight, none at the second, the difference when p is the start of a larger block than it
// seemed at first (a pointer to element 0, and later the slice).
func (s *seen) add(p unsafe.Pointer, size uintptr) uintptr {
	a := uintptr(p)
	if s.large != nil {
		return s.large.add(a, size)
	}
	for i := range s.n {
		if s.addr[i] == a {
			return grown(&s.size[i], size)
		}
	}
	if s.n < fewSeen {
		s.addr[s.n], s.size[s.n] = a, size
		s.n++
		return size
	}
	s.large = addrTables.Get().(*addrTable)
	for i := range s.n {
		s.large.add(s.addr[i], s.size[i])
	}
	return s.large.add(a, size)
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

// release hands the large table back for the next call.
func (s *seen) release() {
	if s.large == nil {
		return
	}
	s.large.reset()
	addrTables.Put(s.large)
	s.large = nil
}

// addrTable is the set for many blocks: open addressing, linear probing, at most half full.
// Addresses are kept as numbers, which keep nothing alive: the caller's value does.
type addrTable struct {
	entries []addrEntry
	shift   uint
	n       int
}

type addrEntry struct{ addr, size uintptr }

var addrTables = sync.Pool{New: func() any {
	t := new(addrTable)
	t.grow(8 * fewSeen)
	return t
}}

// keepEntries is the size above which a table is not kept for later: a megabyte, so that one
// giant value doesn't hold memory for ever.
const keepEntries = 1 << 16

func (t *addrTable) reset() {
	if len(t.entries) > keepEntries {
		t.entries = nil
		t.n = 0
		t.grow(8 * fewSeen)
		return
	}
	clear(t.entries)
	t.n = 0
}

func (t *addrTable) add(a, size uintptr) uintptr {
	mask := uintptr(len(t.entries) - 1)
	for i := t.home(a); ; i++ {
		e := &t.entries[i&mask]
		if e.addr == a {
			return grown(&e.size, size)
		}
		if e.addr == 0 {
			*e = addrEntry{a, size}
			if t.n++; 2*t.n > len(t.entries) {
				t.grow(4 * len(t.entries))
			}
			return size
		}
	}
}

// home is Fibonacci hashing, as in the table of plans.
func (t *addrTable) home(a uintptr) uintptr {
	return uintptr(uint64(a) * 0x9E3779B97F4A7C15 >> t.shift)
}

// grow makes room for n entries, a power of two.
func (t *addrTable) grow(n int) {
	old := t.entries
	t.entries, t.shift, t.n = make([]addrEntry, n), uint(64-bits.Len(uint(n-1))), 0
	for _, e := range old {
		if e.addr != 0 {
			t.add(e.addr, e.size)
		}
	}
}
