package sizer

import (
	"reflect"
	"slices"
	"strconv"
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
	rooted  bool    // the next two are set
	tree    bool    // no way leads from a value back to itself
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

// unrolled is the longest array whose elements are inlined one by one.
const unrolled = 4

// inline adds to p what a t at offset off points to.
func (c *compiler) inline(p *plan, t reflect.Type, off uintptr, name string) {
	if hook := extraOf(t); hook != nil {
		p.ops = append(p.ops, op{code: opExtra, off: off, hook: hook, about: &about{typ: t, name: name + ".MemExtra()"}})
	}
	if r := ruleOf(t); r != nil {
		r(c, p, t, off, name)
		return
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
	if o.n <= unrolled {
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

// asRoot sets what only a plan that a walk may start from needs, once all it leads to is known.
// It writes only once: others may be reading.
func (p *plan) asRoot() {
	if p.rooted {
		return
	}
	p.rooted = true
	p.tree, p.hooked = isTree(p), isHooked(p)
}

// isHooked reports whether a p has a MemExtra within its own words.
func isHooked(p *plan) bool {
	return slices.ContainsFunc(p.ops, func(o op) bool {
		return o.code == opExtra || o.code == opArray && isHooked(o.elem)
	})
}

// isTree reports whether no chain of references leads from a p back to its own type, so that a
// walk ends without remembering where it was. What is in an interface can't be known.
func isTree(p *plan) bool {
	const open, done = 1, 2
	state := map[*plan]int{}
	var closed func(p *plan) bool
	closed = func(p *plan) bool {
		if state[p] != 0 {
			return state[p] == done
		}
		state[p] = open
		for _, o := range p.ops {
			switch {
			case o.code == opEmpty || o.code == opMethods || o.code == opValue || o.code == opSyncMap:
				return false
			case o.m != nil && !closed(o.m.slot), o.elem != nil && !closed(o.elem):
				return false
			}
		}
		state[p] = done
		return true
	}
	return closed(p)
}
