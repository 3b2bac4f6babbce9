package sizer

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// maxDepth is how many references the walk follows by recursion; what lies deeper waits in a
// list. A list of five million nodes would otherwise overflow the stack, which no recover
// catches.
const maxDepth = 100

// walker is the state of one call. It lives on the caller's stack, and the value's own words
// do too: nothing here may keep the address of a place, only what a place points to.
type walker struct {
	Result
	depth  int
	plain  bool    // charge every reference that can't lead back to itself, see Plain
	near   near    // the first blocks that a plain walk remembers
	memory *memory // nil where no reference is remembered, nor put off
	scope  *Scope  // who remembers what was charged, over several calls
	trace  *tracer // who is told, see Explain
}

// memory is what one call remembers: the blocks it has charged, and the parts it put off. A list
// straight in the walker would make the compiler move it to the heap.
type memory struct {
	tiny  tinyBlocks
	seen  seen
	later *[]task
}

var taskLists = sync.Pool{New: func() any { return new([]task) }}

// task is a part of the walk put off because it lay too deep.
type task struct {
	plan *plan
	m    *mapPlan
	base unsafe.Pointer
	n    int
	part *Part // for Explain
}

// sliceWords and stringWords are the layouts of a slice and a string (reflect.SliceHeader and
// reflect.StringHeader, with pointers that the collector knows).
type sliceWords struct {
	data     unsafe.Pointer
	len, cap int
}

type stringWords struct {
	data unsafe.Pointer
	len  int
}

// run walks the value at base and then whatever was put off.
func (w *walker) run(p *plan, base unsafe.Pointer) {
	w.walk(p, base)
	if w.memory != nil {
		w.goOn()
		w.memory.seen.release()
		w.near.release(w.memory)
	}
	if w.Bytes < 0 || w.Bytes > maxBytes {
		w.Bytes = maxBytes // the lengths were lies
	}
}

// goOn walks what was put off, the last first.
func (w *walker) goOn() {
	list := w.memory.later
	if list == nil {
		return
	}
	for len(*list) > 0 {
		last := len(*list) - 1
		t := (*list)[last]
		(*list)[last] = task{} // the pool must not keep the value alive
		*list = (*list)[:last]
		w.trace.resume(w, t.part)
		if t.m != nil {
			w.tables(t.m, t.base)
		} else {
			w.elements(t.plan, t.base, t.n)
		}
	}
	w.memory.later = nil
	taskLists.Put(list)
}

// walk charges what the value at base points to.
func (w *walker) walk(p *plan, base unsafe.Pointer) {
	if w.trace != nil {
		w.traced(p, base)
		return
	}
	for i := range p.texts {
		r := &p.texts[i]
		w.strings(unsafe.Slice((*stringWords)(unsafe.Add(base, r.off)), r.n))
	}
	for i := range p.ops {
		w.visit(&p.ops[i], base)
	}
}

// elements walks n values that lie side by side. Addresses are made from base each time: a
// pointer one past the end would be an invalid one.
func (w *walker) elements(p *plan, base unsafe.Pointer, n int) {
	if p.onlyText && w.trace == nil {
		w.strings(unsafe.Slice((*stringWords)(base), n*p.texts[0].n))
		return
	}
	for i := 0; i < n && !w.Truncated; i++ {
		w.walk(p, unsafe.Add(base, uintptr(i)*p.size))
	}
}

// visit charges what one place of the value at base points to.
func (w *walker) visit(o *op, base unsafe.Pointer) {
	at := unsafe.Add(base, o.off)
	switch o.code {
	case opPointer, opIndirect:
		w.pointer(o.elem, *(*unsafe.Pointer)(at))
	case opAtomic:
		w.pointer(o.elem, atomic.LoadPointer((*unsafe.Pointer)(hide(at))))
	case opSlice:
		w.slice(o.elem, (*sliceWords)(at))
	case opArray:
		w.elements(o.elem, at, int(o.n))
	case opMap:
		w.mapping(o.m, *(*unsafe.Pointer)(at))
	case opEmpty:
		w.empty((*any)(at))
	case opMethods:
		w.methods(o, (*[2]unsafe.Pointer)(at))
	case opValue:
		v := (*atomic.Value)(hide(at)).Load()
		w.empty(&v)
	case opSyncMap:
		w.syncMap(at)
	case opChan:
		w.channel(o.elem, at)
	case opFunc:
		w.function(*(*unsafe.Pointer)(at))
	case opUnsafe:
		if *(*unsafe.Pointer)(at) != nil {
			w.Opaque++
		}
	case opExtra:
		w.extra(o.hook, at)
	}
}

// deeper goes one reference down to n values side by side, now or later. A plain walk goes no
// deeper than its types do.
func (w *walker) deeper(p *plan, base unsafe.Pointer, n int) {
	if w.depth >= maxDepth && w.memory != nil {
		w.postpone(task{plan: p, base: base, n: n})
		return
	}
	w.depth++
	w.elements(p, base, n)
	w.depth--
}

func (w *walker) postpone(t task) {
	if w.memory.later == nil {
		w.memory.later = taskLists.Get().(*[]task)
	}
	t.part = w.trace.current()
	*w.memory.later = append(*w.memory.later, t)
}
