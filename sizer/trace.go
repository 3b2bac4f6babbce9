package sizer

import (
	"reflect"
	"unsafe"
)

// tracer attributes what the walk charges to the part it is at. It only watches: the walk
// charges the same blocks in the same order with and without it.
type tracer struct {
	at     *Part
	bytes  int64 // the walk's sum up to which bytes are attributed
	opaque int
	parts  map[partKey]*Part
}

// partKey finds a part below its parent. The elements of a short array, each with an op of its
// own, have one name.
type partKey struct {
	parent *Part
	in     *plan
	name   string
}

// traced is walk for Explain: every string and every op in a part of its own.
func (w *walker) traced(p *plan, base unsafe.Pointer) {
	t := w.trace
	here := t.at
	for _, r := range p.texts {
		for i := range r.names {
			t.enter(w, p, r.names[i], reflect.TypeFor[string](), "")
			w.strings(unsafe.Slice((*stringWords)(unsafe.Add(base, r.off+uintptr(i)*stringSize)), 1))
			t.resume(w, here)
		}
	}
	for i := range p.ops {
		o := &p.ops[i]
		t.enter(w, p, o.name, o.typ, o.note)
		w.visit(o, base)
		t.resume(w, here)
	}
}

// settle gives what was charged since the last call to the current part.
func (t *tracer) settle(w *walker) {
	t.at.Own += w.Bytes - t.bytes
	t.at.Opaque += w.Opaque - t.opaque
	t.bytes, t.opaque = w.Bytes, w.Opaque
}

// current is the part the walk is at.
func (t *tracer) current() *Part {
	if t == nil {
		return nil
	}
	return t.at
}

// resume goes back to a part.
func (t *tracer) resume(w *walker, p *Part) {
	if t != nil {
		t.settle(w)
		t.at = p
	}
}

// enter goes to the part that a place of plan in leads to from here.
func (t *tracer) enter(w *walker, in *plan, name string, typ reflect.Type, note string) {
	t.settle(w)
	from := t.at
	if from.in == nil && from.parent == nil && typ == from.typ {
		from.in = in // the value itself: it is the root already
		return
	}
	for p := from; p != nil; p = p.parent {
		if p.in == in && p.parent != nil {
			from = p.parent // a type inside itself: one level stands for all
			break
		}
	}
	key := partKey{from, in, name}
	p := t.parts[key]
	if p == nil {
		p = &Part{Path: from.Path + from.step(in) + name, Type: typ.String(), parent: from, in: in, typ: typ}
		t.parts[key] = p
		from.Parts = append(from.Parts, p)
	}
	if note == "" {
		p.Count++
	} else {
		p.Note = note
	}
	t.at = p
}

// step is what a path needs between a part and a place in a value of plan in behind it.
func (p *Part) step(in *plan) string {
	switch p.typ.Kind() {
	case reflect.Slice, reflect.Array:
		return "[]"
	case reflect.Interface:
		return ".(" + in.typ.String() + ")"
	}
	return ""
}
