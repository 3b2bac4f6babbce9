package sizer

import (
	"reflect"
	"slices"
	"unsafe"
)

// plan says where a value of one type points: what to visit, at which offsets. It is compiled
// once a type and never changes after that. Structs and short arrays are flattened, so that
// the walk is one loop over strings and one over everything else.
type plan struct {
	typ     reflect.Type
	size    uintptr // of the value itself, bytes
	block   uintptr // of the heap block a value of its own lives in, bytes
	scan    bool    // the value holds pointers
	tiny    bool    // a value of its own shares a block with others
	judged  bool    // the next two are set, see judge
	loops   bool    // a way may lead from a value back to itself
	hooked  bool    // MemExtra is called on a part of the value itself
	direct  bool    // an interface holds the value itself, not a pointer to it
	pointee *plan   // of a pointer type: what it points to
	texts   []text
	ops     []op

	// onlyText says that a value is strings from start to end, so that those of a slice lie
	// side by side too.
	onlyText bool
}

// text is n strings side by side, at offset off of a value.
type text struct {
	off   uintptr
	n     int
	names []string // of the strings, for Explain
}

// op is one thing of a value that is not a string and may hold heap memory.
type op struct {
	code opcode
	off  uintptr
	n    uintptr // opArray: its length
	elem *plan   // what is pointed to, or the element
	m    *mapPlan
	hook unsafe.Pointer // opExtra: the method table of Extra for the type
	*about
}

// about is what the walk itself doesn't need, kept apart so that ops stay small.
type about struct {
	typ  reflect.Type
	name string // the path from the value to this place, for Explain
	note string // what a reader of Explain should know
}

type opcode uint8

const (
	opPointer  opcode = iota // *T
	opAtomic                 // atomic.Pointer[T]
	opIndirect               // a big map key or element, which lives outside the table
	opSlice                  // []T
	opArray                  // [n]T with something behind its elements
	opMap                    // map[K]V
	opEmpty                  // an interface without methods
	opMethods                // an interface with methods
	opValue                  // atomic.Value
	opSyncMap                // sync.Map
	opChan                   // chan T
	opFunc                   // func: a closure's size is not known
	opUnsafe                 // unsafe.Pointer
	opExtra                  // the type declares MemExtra
	opSkipped                // a tagged or always shared field: counts nothing, Explain names it
)

// leaf reports whether there is nothing to visit behind a value.
func (p *plan) leaf() bool { return len(p.texts)+len(p.ops) == 0 }

// seal notes what the walk would ask for each value, once p is filled.
func (p *plan) seal() {
	p.onlyText = len(p.ops) == 0 && len(p.texts) == 1 && uintptr(p.texts[0].n)*stringSize == p.size
}

const stringSize = unsafe.Sizeof("")

// addText adds a string, to the run before it where it can.
func (p *plan) addText(off uintptr, name string) {
	if n := len(p.texts); n > 0 && p.texts[n-1].off+uintptr(p.texts[n-1].n)*stringSize == off {
		last := &p.texts[n-1]
		last.n, last.names = last.n+1, append(last.names, name)
		return
	}
	p.texts = append(p.texts, text{off, 1, []string{name}})
}

// isHooked reports whether a p has a MemExtra within its own words.
func isHooked(p *plan) bool {
	return slices.ContainsFunc(p.ops, func(o op) bool {
		return o.code == opExtra || o.code == opArray && isHooked(o.elem)
	})
}
