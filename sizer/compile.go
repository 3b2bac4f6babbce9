package sizer

import (
	"reflect"
	"strconv"
	"unsafe"
)

// compiler builds plans. A plan is registered before it is filled, so that a type may hold
// pointers to itself.
type compiler struct {
	known map[reflect.Type]*plan
	maps  map[reflect.Type]*mapPlan
}

func newCompiler() *compiler {
	return &compiler{map[reflect.Type]*plan{}, map[reflect.Type]*mapPlan{}}
}

func (c *compiler) plan(t reflect.Type) *plan {
	if p := c.known[t]; p != nil {
		return p
	}
	p := &plan{typ: t, size: t.Size(), scan: hasPointers(t)}
	p.block, p.tiny, p.direct = blockOf(p.size, p.scan), isTiny(p.size, p.scan), isDirect(t)
	c.known[t] = p
	if t.Kind() == reflect.Pointer {
		p.pointee = c.plan(t.Elem())
	}
	c.inline(p, t, 0, "")
	p.seal()
	return p
}

// unrolled is the longest array whose elements are inlined one by one, as long as the plan has
// fewer than maxInlined ops: arrays in arrays would multiply.
const (
	unrolled   = 4
	maxInlined = 256
)

// inline adds to p what a t at offset off points to.
func (c *compiler) inline(p *plan, t reflect.Type, off uintptr, name string) {
	if r := ruleOf(t); r != nil {
		r(c, p, t, off, name)
		return
	}
	if hook := extraOf(t); hook != nil {
		p.ops = append(p.ops, op{code: opExtra, off: off, hook: hook, about: &about{typ: t, name: name + ".MemExtra()"}})
	}
	o := op{off: off, about: &about{typ: t, name: name}}
	switch t.Kind() {
	case reflect.String:
		p.addText(off, name)
		return
	case reflect.Struct:
		c.fields(p, t, off, name)
		return
	case reflect.Array:
		c.array(p, o)
		return
	case reflect.Pointer:
		o.code, o.elem = opPointer, c.plan(t.Elem())
	case reflect.Slice:
		o.code, o.elem = opSlice, c.plan(t.Elem())
	case reflect.Map:
		o.code, o.m = opMap, c.mapPlan(t)
	case reflect.Interface:
		o.code = opMethods
		if t.NumMethod() == 0 {
			o.code = opEmpty
		}
	case reflect.Chan:
		o.code = opChan
		o.elem = &plan{typ: t.Elem(), size: t.Elem().Size(), scan: hasPointers(t.Elem())}
	case reflect.Func:
		o.code = opFunc
	case reflect.UnsafePointer:
		o.code = opUnsafe
	default:
		return // numbers
	}
	p.ops = append(p.ops, o)
}

func (c *compiler) fields(p *plan, t reflect.Type, off uintptr, name string) {
	for i := range t.NumField() {
		f := t.Field(i)
		o := op{code: opSkipped, off: off + f.Offset, about: &about{typ: f.Type, name: name + "." + f.Name}}
		tag, tagged := f.Tag.Lookup("mem")
		if skip := tag == "shared" || tag == "-"; !skip {
			c.inline(p, o.typ, o.off, o.name)
			if !tagged {
				continue
			}
		}
		o.note = tagNotes[tag]
		if o.note == "" {
			o.note = "counted: unknown tag mem:" + strconv.Quote(tag) + `, use "shared" or "-"`
		}
		p.ops = append(p.ops, o)
	}
}

var tagNotes = map[string]string{"shared": "shared, by its tag", "-": "left out by its tag"}

func (c *compiler) array(p *plan, o op) {
	elem := o.typ.Elem()
	o.n = uintptr(o.typ.Len())
	if o.n <= unrolled && len(p.ops) < maxInlined {
		for i := range o.n {
			c.inline(p, elem, o.off+i*elem.Size(), o.name+"[]")
		}
		return
	}
	o.code, o.elem = opArray, c.plan(elem)
	if o.elem.scan || !o.elem.leaf() {
		p.ops = append(p.ops, o)
	}
}

// hasPointers reports whether the runtime sees pointers in a t, which decides how its block is
// rounded.
func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.String, reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface,
		reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return true
	}
	return false
}

// isDirect reports whether an interface holds a t in its own data word. Only a nil word can
// stand for a zero value held directly; a boxed one has an address.
func isDirect(t reflect.Type) bool {
	if t.Size() != unsafe.Sizeof(uintptr(0)) || t.Kind() == reflect.Interface {
		return false
	}
	v := reflect.Zero(t).Interface()
	return wordsOf(&v)[1] == nil
}
