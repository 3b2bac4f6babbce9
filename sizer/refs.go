package sizer

import "unsafe"

// charge adds a block of size bytes at p and reports whether to look inside: not when it is
// nothing, the program's own data, or was charged already. loops says that what lies there may
// lead back to it.
func (w *walker) charge(p unsafe.Pointer, size uintptr, tiny, loops bool) bool {
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
	case w.plain && !loops:
	case w.plain:
		more = w.nearby(p, size)
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
	if w.charge(q, p.block, p.tiny, p.loops) && !p.leaf() {
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
	if w.charge(s.data, blockOf(n, elem.scan), isTiny(n, elem.scan), elem.loops) && !elem.leaf() && s.len > 0 {
		w.deeper(elem, s.data, s.len)
	}
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
	if !w.charge(p, blockOf(head, elem.scan), false, false) {
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
	if w.charge(p, tinySize, false, false) {
		w.Opaque++
	}
}
