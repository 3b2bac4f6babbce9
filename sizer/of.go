package sizer

import (
	"reflect"
	"unsafe"
)

// Of returns the bytes of heap that v alone keeps alive.
//
// What v points to counts, v's own words don't: Of of a *T counts the block of the T and all
// behind it, Of of a struct counts only what its fields point to, Of of a number is 0.
func Of[T any](v T) int64 {
	var w walker
	p := planOf[T]()
	base := unsafe.Pointer(&v)
	if p.hooked {
		base = reflect.New(p.typ).UnsafePointer()
		*(*T)(base) = v
	}
	w.run(p, base)
	return w.total()
}

// total is the sum as a caller may see it.
func (w *walker) total() int64 { return min(w.bytes, maxBytes) }
