// Package slow walks a value the plain way: by reflection, with recursion and no plan. It is
// what the fast walk is tested against, and what finds the blocks for an audit. It knows nothing
// of the fast walk's code; only the list of shared types is common.
package slow

import (
	"reflect"
	"unsafe"

	"github.com/syncmem/syncmem/sizer/internal/groups"
	"github.com/syncmem/syncmem/sizer/internal/share"
)

// Ref is one reference found in a value: to a block somebody asked the allocator for.
type Ref struct {
	Path   string
	Type   reflect.Type
	Addr   unsafe.Pointer // nil for blocks inside a map, which reflection can't locate
	Size   uintptr        // bytes asked for, as far as the reference shows
	Scan   bool           // the block holds pointers
	Text   bool           // a string
	MapLen int            // entries of a map; Addr is its header
}

// Walk calls emit for every reference of the value that at points to, and follows those for
// which emit answers true. Cycles and shared blocks are emit's to know.
func Walk(at reflect.Value, emit func(Ref) bool) {
	walker{emit}.value(at.Elem(), "")
}

type walker struct{ emit func(Ref) bool }

// value visits an addressable value.
func (w walker) value(v reflect.Value, path string) {
	t := v.Type()
	if share.Is(t) {
		return
	}
	at := unsafe.Pointer(v.UnsafeAddr())
	switch t.Kind() {
	case reflect.String:
		s := v.String()
		if len(s) > 0 {
			w.emit(Ref{Path: path, Type: t, Addr: unsafe.Pointer(unsafe.StringData(s)), Size: uintptr(len(s)), Text: true})
		}
	case reflect.Pointer:
		w.block(t.Elem(), v.UnsafePointer(), path)
	case reflect.Slice:
		w.slice(v, path)
	case reflect.Array:
		for i := range v.Len() {
			w.value(v.Index(i), path+"[]")
		}
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if tag := f.Tag.Get("mem"); tag == "shared" || tag == "-" {
				continue
			}
			w.value(reflect.NewAt(f.Type, unsafe.Add(at, f.Offset)).Elem(), path+"."+f.Name)
		}
	case reflect.Map:
		w.mapping(v, path)
	case reflect.Interface:
		if !v.IsNil() {
			w.dynamic(v.Elem().Type(), unsafe.Add(at, unsafe.Sizeof(at)), path)
		}
	}
}

// block visits a value in a block of its own.
func (w walker) block(t reflect.Type, p unsafe.Pointer, path string) {
	if p != nil && t.Size() > 0 && w.emit(Ref{Path: path, Type: t, Addr: p, Size: t.Size(), Scan: HasPointers(t)}) {
		w.value(reflect.NewAt(t, p).Elem(), path)
	}
}

func (w walker) slice(v reflect.Value, path string) {
	elem := v.Type().Elem()
	size := uintptr(v.Cap()) * elem.Size()
	if size == 0 || !w.emit(Ref{Path: path, Type: v.Type(), Addr: v.UnsafePointer(), Size: size, Scan: HasPointers(elem)}) {
		return
	}
	for i := range v.Len() {
		w.value(v.Index(i), path+"[]")
	}
}

func (w walker) mapping(v reflect.Value, path string) {
	t := v.Type()
	if v.IsNil() || !w.emit(Ref{Path: path, Type: t, Addr: v.UnsafePointer(), MapLen: v.Len()}) {
		return
	}
	for it := v.MapRange(); it.Next(); {
		w.entry(t.Key(), it.Key(), path+"[key]")
		w.entry(t.Elem(), it.Value(), path+"[]")
	}
}

// entry visits a copy of a key or an element; the big ones live in blocks outside the table.
func (w walker) entry(t reflect.Type, v reflect.Value, path string) {
	if t.Size() > 128 {
		w.emit(Ref{Path: path, Type: t, Size: t.Size(), Scan: HasPointers(t)})
	}
	c := reflect.New(t)
	c.Elem().Set(v)
	w.value(c.Elem(), path)
}

// dynamic visits what the data word at holds: a pointer itself, or the address of a box.
func (w walker) dynamic(t reflect.Type, at unsafe.Pointer, path string) {
	path += ".(" + t.String() + ")"
	if pointerShaped(t) {
		w.value(reflect.NewAt(t, at).Elem(), path)
		return
	}
	w.block(t, *(*unsafe.Pointer)(at), path)
}

// pointerShaped is the compiler's rule for what an interface holds without a box (types.IsDirectIface).
func pointerShaped(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return true
	case reflect.Array:
		return t.Len() == 1 && pointerShaped(t.Elem())
	case reflect.Struct:
		found := 0
		for i := range t.NumField() {
			switch f := t.Field(i).Type; {
			case f.Size() == 0:
			case pointerShaped(f):
				found++
			default:
				return false
			}
		}
		return found == 1 && t.Size() == unsafe.Sizeof(t.Size()) // a last field of size 0 pads
	}
	return false
}

// HasPointers reports whether the collector finds pointers in a t.
func HasPointers(t reflect.Type) bool {
	switch k := t.Kind(); k {
	case reflect.Array:
		return t.Len() > 0 && HasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if HasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	default:
		return k > reflect.Complex128 // every kind after the numbers
	}
}

// Tables is the bytes asked for behind the header of a map of n entries, at most 896, that has
// only ever grown: the blocks, in the order directory, table, groups. The layout is reflect's.
func Tables(t reflect.Type, n int) (blocks []Ref) {
	if n == 0 {
		return nil
	}
	key, elem := stored(t.Key()), stored(t.Elem())
	group := groupOf(key, elem)
	if n <= 8 {
		return []Ref{{Size: group.Size(), Scan: HasPointers(group)}}
	}
	count := uintptr(2)
	for uintptr(n) > count*7 {
		count *= 2
	}
	type table struct { // internal/runtime/maps.table
		_, _, _ uint16
		_       uint8
		_       int
		_       unsafe.Pointer
		_       uint64
	}
	return []Ref{
		{Size: unsafe.Sizeof(uintptr(0)), Scan: true},
		{Size: unsafe.Sizeof(table{}), Scan: true},
		{Size: count * group.Size(), Scan: HasPointers(group)},
	}
}

// groupOf is a group of a map: a control word and eight slots.
func groupOf(key, elem reflect.Type) reflect.Type {
	control := reflect.StructField{Name: "Control", Type: reflect.TypeFor[uint64]()}
	if groups.Split {
		return reflect.StructOf([]reflect.StructField{
			control, {Name: "Keys", Type: reflect.ArrayOf(8, key)}, {Name: "Elems", Type: reflect.ArrayOf(8, elem)},
		})
	}
	slot := reflect.StructOf([]reflect.StructField{{Name: "Key", Type: key}, {Name: "Elem", Type: elem}})
	return reflect.StructOf([]reflect.StructField{control, {Name: "Slots", Type: reflect.ArrayOf(8, slot)}})
}

// stored is what stands in a slot for a key or element.
func stored(t reflect.Type) reflect.Type {
	if t.Size() > 128 {
		return reflect.TypeFor[unsafe.Pointer]()
	}
	return t
}
