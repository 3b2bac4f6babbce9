package sizer

import (
	"reflect"
	"unsafe"
)

// Of returns the bytes of heap that v alone keeps alive: every block once, rounded as the
// allocator rounds it, shared things left out (see the package comment).
//
// What v points to counts, v's own words don't: Of of a *T counts the block of the T and all
// behind it, Of of a struct only what its fields point to, Of of a number nothing. It never
// panics, and never allocates once it has met the types it finds.
//
// Any number of goroutines may call Of, on the same value too as long as nobody writes to it.
func Of[T any](v T) int64 {
	return Measure(v).Bytes
}

// Plain is Of for values that are trees, at the price of a size method written by hand: it
// doesn't look whether two references lead to one block (both are charged), whether tiny
// objects share a block (each is charged 8 or 16 bytes) and whether a string is a literal. Of
// content without those it is a few percent high. Only where a type can lead back to itself, by
// a pointer to its own type or by an interface, are references remembered, and each block there
// is charged once.
func Plain[T any](v T) int64 {
	p := planOf[T]()
	w := walker{plain: true}
	w.run(p, offStack(p, unsafe.Pointer(&v)))
	return w.Bytes
}

// Measure is Of with what there is to say about the number.
func Measure[T any](v T) Result {
	var m memory
	w := walker{memory: &m}
	p := planOf[T]()
	w.run(p, offStack(p, unsafe.Pointer(&v)))
	return w.Result
}

// Result is a size and how far it can be trusted.
type Result struct {
	// Bytes of heap, as Of returns them.
	Bytes int64
	// Nodes is how many references were followed: pointers, slices, maps, interface boxes.
	Nodes int
	// Opaque counts the places where more memory may hang than is counted: closures, full
	// channels of pointers, unsafe pointers, a failed MemExtra, a slice or string whose length
	// can't be.
	Opaque int
	// Truncated says that the walk stopped at MaxNodes references; Bytes is too low.
	Truncated bool
	// Approximate says that a map was sized by a formula: a sync.Map, or any map where this
	// Go version's own tables can't be read.
	Approximate bool
}

// MaxNodes is how many references one call follows. No content unit comes near it; a stray
// pointer to a pool or a logger would walk the whole process.
const MaxNodes = 1 << 20

// maxBytes is where sums stop, so that what a lying MemExtra says can't wrap them.
const maxBytes = 1 << 62

// offStack returns where to find a p that is at base, which may be on the stack: one whose
// MemExtra is to be called is copied to the heap, for a method may keep its receiver.
func offStack(p *plan, base unsafe.Pointer) unsafe.Pointer {
	if !p.hooked {
		return base
	}
	c := reflect.New(p.typ)
	c.Elem().Set(reflect.NewAt(p.typ, hide(base)).Elem())
	return c.UnsafePointer()
}

// rootOf walks what v holds as if it weren't in an interface: a boxed struct counts what its
// fields point to, not its box.
func (w *walker) rootOf(v any) {
	if v == nil {
		return
	}
	p := dynamicPlan(&v)
	if data := &wordsOf(&v)[1]; p.direct {
		w.run(p, offStack(p, unsafe.Pointer(data)))
	} else {
		w.run(p, *data)
	}
}
