package sizer

import (
	"sync"
	"unsafe"
)

// Scope remembers what it has counted, so that what several values share (interned names, a
// common license text, one parsed header) is charged to the first and to no other. It counts
// each string and each 16-byte block of tiny objects once too, exactly, which Of has no time
// for: a call costs about ten times an Of, and each block remembered some 50 bytes.
//
// A scope keeps alive what it has counted, until Reset: else a freed block's address could come
// back as another value's, which would then count nothing. So it is for values that live
// together, a batch or a report, not for the life of a process.
//
// The zero value is ready. A scope may be used by many goroutines, which take turns.
type Scope struct {
	mu    sync.Mutex
	table *addrTable
	walk  memory // for what is put off; the blocks are in the table
	keep  []unsafe.Pointer
}

// Of returns the bytes v keeps alive that this scope has not counted yet. The words of v itself
// don't count, whatever its type: Of(s) of a struct s counts what its fields point to.
func (s *Scope) Of(v any) int64 { return s.Measure(v).Bytes }

// Measure is Of with what there is to say about the number.
func (s *Scope) Measure(v any) Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.table == nil {
		s.table = newTable(0)
	}
	w := walker{scope: s, memory: &s.walk}
	w.rootOf(v)
	return w.Result
}

// Reset forgets everything and lets go of it.
func (s *Scope) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table, s.keep = nil, nil
}

// In returns the size function of a scope, for whoever takes a func(T) int64.
func In[T any](s *Scope) func(T) int64 {
	return func(v T) int64 { return s.Of(v) }
}

// add is seen.add for the scope; tiny objects count by the block they share.
func (s *Scope) add(p unsafe.Pointer, size uintptr, tiny bool) uintptr {
	a := uintptr(p)
	if tiny {
		a, size = a&^(tinySize-1), tinySize
	}
	more := s.table.add(a, size)
	if more > 0 {
		s.keep = append(s.keep, p)
	}
	if s.table.full() {
		larger := newTable(s.table.class + 1)
		larger.addAll(s.table.entries)
		s.table = larger
	}
	return more
}
