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
	memory *memory // nil to charge every reference, see Plain
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
	for _, r := range p.texts {
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

// strings charges strings that lie side by side. It is the hottest loop of the walk.
func (w *walker) strings(texts []stringWords) {
	if w.memory == nil || w.scope != nil {
		w.stringsBy(texts)
		return
	}
	sum := uintptr(0)
	low, size, tiny := static.low, static.size, &w.memory.tiny
	for i := range texts {
		a, n := uintptr(texts[i].data), uintptr(texts[i].len)
		if n < tinySize {
			// As tinyBlocks.charge does, without a call.
			place := &tiny[a/tinySize%uintptr(len(tiny))]
			if *place != a/tinySize && a-low >= size && n > 0 {
				*place = a / tinySize
				sum += tinySize
			}
		} else if n > fineMax {
			w.longString(texts[i].data, n)
		} else if a-low >= size {
			sum += uintptr(fine[n])
		}
	}
	w.Bytes += int64(sum)
}

// stringsBy charges strings in the two other ways: every one for itself, or once a scope.
func (w *walker) stringsBy(texts []stringWords) {
	if w.scope != nil {
		for _, s := range texts {
			w.scopedString(s.data, uintptr(s.len))
		}
		return
	}
	sum, done := uintptr(0), 0
	for base := unsafe.Pointer(unsafe.SliceData(texts)); done+4 <= len(texts); done += 4 {
		four := (*[4]stringWords)(unsafe.Add(base, uintptr(done)*stringSize))
		a, b, c, d := uintptr(four[0].len), uintptr(four[1].len), uintptr(four[2].len), uintptr(four[3].len)
		if a|b|c|d < fineMax { // a power of two: so is each
			sum += uintptr(fine[a%fineMax]) + uintptr(fine[b%fineMax]) + uintptr(fine[c%fineMax]) + uintptr(fine[d%fineMax])
			continue
		}
		for _, s := range four {
			w.plainString(s)
		}
	}
	for _, s := range texts[done:] {
		w.plainString(s)
	}
	w.Bytes += int64(sum)
}

func (w *walker) plainString(s stringWords) {
	if n := uintptr(s.len); n <= fineMax {
		w.Bytes += int64(fine[n])
	} else {
		w.longString(s.data, n)
	}
}

func (w *walker) scopedString(p unsafe.Pointer, n uintptr) {
	if n > lengthMax {
		w.Opaque++
	} else if n > 0 && !isStatic(p) {
		w.Bytes += int64(w.scope.add(p, blockOf(n, false), isTiny(n, false)))
	}
}

// longString charges a string over fineMax. Such strings are few, so each is charged once;
// remembering the short ones too would cost more than the whole walk.
func (w *walker) longString(p unsafe.Pointer, n uintptr) {
	if n > lengthMax {
		w.Opaque++ // torn, or made up
		return
	}
	w.charge(p, blockOf(n, false), false)
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

// charge adds a block of size bytes at p and reports whether to look inside: not when it is
// nothing, the program's own data, or was charged already.
func (w *walker) charge(p unsafe.Pointer, size uintptr, tiny bool) bool {
	if size == 0 || p == nil || isStatic(p) {
		return false
	}
	if w.Nodes == MaxNodes {
		w.Truncated = true
		return false
	}
	w.Nodes++
	more := size
	switch {
	case w.scope != nil:
		more = w.scope.add(p, size, tiny)
	case w.memory == nil:
	case tiny:
		w.Bytes += w.memory.tiny.charge(p)
		return true // a tiny object holds no pointers, but its type may declare MemExtra
	default:
		more = w.memory.seen.add(p, size)
	}
	w.Bytes += int64(more)
	return more > 0
}

func (w *walker) pointer(p *plan, q unsafe.Pointer) {
	if w.charge(q, p.block, p.tiny) && !p.leaf() {
		w.deeper(p, q, 1)
	}
}

func (w *walker) slice(elem *plan, s *sliceWords) {
	n := uintptr(s.cap)
	if n == 0 || elem.size == 0 {
		return
	}
	if s.len < 0 || s.len > s.cap || n > lengthMax/elem.size {
		w.Opaque++ // torn, or made up
		return
	}
	n *= elem.size
	if w.charge(s.data, blockOf(n, elem.scan), isTiny(n, elem.scan)) && !elem.leaf() && s.len > 0 {
		w.deeper(elem, s.data, s.len)
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

// empty charges what an interface without methods holds.
func (w *walker) empty(v *any) {
	if *v != nil {
		w.boxed(dynamicPlan(v), unsafe.Add(unsafe.Pointer(v), wordSize))
	}
}

func (w *walker) methods(o *op, words *[2]unsafe.Pointer) {
	if words[0] != nil {
		w.boxed(methodPlan(o.typ, words), unsafe.Pointer(&words[1]))
	}
}

// boxed charges the value behind the data word of an interface: the word itself is the value,
// or points to a box.
func (w *walker) boxed(p *plan, data unsafe.Pointer) {
	if p.direct {
		w.walk(p, offStack(p, data))
		return
	}
	w.pointer(p, *(*unsafe.Pointer)(data))
}

// channelHeader is what the runtime keeps before a channel's buffer (runtime.hchan).
const channelHeader = 16 + 12*wordSize

// channel charges the buffer of a channel, not what the elements point to: reading them would
// race with the channel's users. Its block is one when the elements hold no pointers.
func (w *walker) channel(elem *plan, at unsafe.Pointer) {
	p := *(*unsafe.Pointer)(at)
	// The length and capacity are read the same way whatever the element.
	c := *(*chan struct{})(at)
	buf := uintptr(cap(c)) * elem.size
	head := uintptr(channelHeader)
	if !elem.scan {
		head, buf = head+buf, 0
	}
	if !w.charge(p, blockOf(head, elem.scan), false) {
		return
	}
	w.Bytes += int64(blockOf(buf, elem.scan))
	if elem.scan && len(c) > 0 {
		w.Opaque++
	}
}

// function charges the smallest closure, a code pointer and one captured word. What a closure
// captures can't be known. Plain functions are static.
func (w *walker) function(p unsafe.Pointer) {
	if w.charge(p, tinySize, false) {
		w.Opaque++
	}
}
