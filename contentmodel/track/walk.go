package track

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// plan is how the fields of a type are walked.
type plan struct{ fields []field }

type field struct {
	name   string
	offset uintptr
	walk   *walker
}

// walker takes in a value of one type. It is made before what it leads to is
// known, because types may lead back to themselves.
type walker struct {
	fn func(h *hasher, p unsafe.Pointer)
	// flat is how many bytes there are if they alone are the value, all of
	// them, so that neighbours can be taken in at once; 0 if not.
	flat uintptr
}

var (
	plans   sync.Map // of reflect.Type to *plan
	walkers = map[reflect.Type]*walker{}
	mu      sync.Mutex // of walkers
)

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	mu.Lock()
	p := new(plan)
	if t.Kind() == reflect.Struct && t != timeType {
		p.fields = fieldsOf(t)
	} else {
		p.fields = []field{{walk: walkerOf(t)}}
	}
	mu.Unlock()
	got, _ := plans.LoadOrStore(t, p)
	return got.(*plan)
}

// fieldsOf are the fields of a struct that are tracked.
func fieldsOf(t reflect.Type) (all []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" || f.Tag.Get("track") == "-" {
			continue
		}
		all = append(all, field{f.Name, f.Offset, walkerOf(f.Type)})
	}
	return all
}

var timeType = reflect.TypeFor[time.Time]()

// walkerOf makes the walker of a type, once. The caller holds mu.
func walkerOf(t reflect.Type) *walker {
	if w, ok := walkers[t]; ok {
		return w
	}
	w := new(walker)
	walkers[t] = w
	switch t.Kind() {
	case reflect.String:
		w.fn = func(h *hasher, p unsafe.Pointer) { h.text(*(*string)(p)) }
	case reflect.Pointer:
		walkPointer(w, walkerOf(t.Elem()))
	case reflect.Slice:
		walkSlice(w, walkerOf(t.Elem()), t.Elem().Size())
	case reflect.Array:
		walkArray(w, walkerOf(t.Elem()), t)
	case reflect.Struct:
		walkStruct(w, t)
	case reflect.Map:
		walkMap(w, t)
	case reflect.Interface:
		walkInterface(w, t)
	default: // numbers; and channels, functions and unsafe pointers by where they point
		w.flat = t.Size()
		w.fn = func(h *hasher, p unsafe.Pointer) { h.bytes(p, w.flat) }
	}
	return w
}

func (h *hasher) bytes(p unsafe.Pointer, n uintptr) {
	_, _ = h.Write(unsafe.Slice((*byte)(p), n))
}

func walkPointer(w, to *walker) {
	w.fn = func(h *hasher, p unsafe.Pointer) {
		at := *(*unsafe.Pointer)(p)
		if at == nil {
			h.number(0)
			return
		}
		h.number(1)
		h.follow(w, at, func() { to.fn(h, at) })
	}
}

// walkSlice writes the length, one more than it is, because nil has none.
func walkSlice(w, elem *walker, size uintptr) {
	w.fn = func(h *hasher, p unsafe.Pointer) {
		s := (*[]struct{})(p) // of whatever: the header is the same
		if *s == nil {
			h.number(0)
			return
		}
		n := uintptr(len(*s))
		h.number(uint64(n) + 1)
		at := unsafe.Pointer(unsafe.SliceData(*s))
		switch {
		case elem.flat > 0:
			h.bytes(at, n*size)
		case size > 0: // a slice is a way back to the same value, as a pointer is
			h.follow(w, at, func() {
				for i := range n {
					elem.fn(h, unsafe.Add(at, i*size))
				}
			})
		}
	}
}

func walkArray(w, elem *walker, t reflect.Type) {
	n, size := uintptr(t.Len()), t.Elem().Size()
	if elem.flat > 0 {
		w.flat = n * size
	}
	w.fn = func(h *hasher, p unsafe.Pointer) {
		if elem.flat > 0 {
			h.bytes(p, n*size)
			return
		}
		for i := range n {
			elem.fn(h, unsafe.Add(p, i*size))
		}
	}
}

func walkStruct(w *walker, t reflect.Type) {
	if t == timeType {
		w.fn = func(h *hasher, p unsafe.Pointer) {
			at := (*time.Time)(p)
			h.number(uint64(at.Unix()))
			h.number(uint64(at.Nanosecond()))
			h.text(at.Location().String())
		}
		return
	}
	all := fieldsOf(t)
	flat := uintptr(0)
	for _, f := range all {
		if f.walk.flat == 0 || f.offset != flat {
			flat = 0
			break
		}
		flat += f.walk.flat
	}
	if flat == t.Size() { // no padding, nothing left out
		w.flat = flat
		w.fn = func(h *hasher, p unsafe.Pointer) { h.bytes(p, flat) }
		return
	}
	w.fn = func(h *hasher, p unsafe.Pointer) {
		for i := range all {
			all[i].walk.fn(h, unsafe.Add(p, all[i].offset))
		}
	}
}

// walkMap adds up the hashes of the entries, so that their order is no matter.
func walkMap(w *walker, t reflect.Type) {
	key, value := walkerOf(t.Key()), walkerOf(t.Elem())
	w.fn = func(h *hasher, p unsafe.Pointer) {
		m := reflect.NewAt(t, p).Elem()
		if m.IsNil() {
			h.number(0)
			return
		}
		h.number(uint64(m.Len()) + 1)
		h.follow(w, m.UnsafePointer(), func() {
			k, v := reflect.New(t.Key()), reflect.New(t.Elem())
			sum := uint64(0)
			for all := m.MapRange(); all.Next(); {
				k.Elem().SetIterKey(all)
				v.Elem().SetIterValue(all)
				sum += h.apart(func() {
					key.fn(h, k.UnsafePointer())
					value.fn(h, v.UnsafePointer())
				})
			}
			h.number(sum)
		})
	}
}

// walkInterface copies what is in the interface to walk it: reflection has no
// other way to its address.
func walkInterface(w *walker, t reflect.Type) {
	w.fn = func(h *hasher, p unsafe.Pointer) {
		in := reflect.NewAt(t, p).Elem().Elem()
		if !in.IsValid() {
			h.number(0)
			return
		}
		mu.Lock()
		inner := walkerOf(in.Type())
		mu.Unlock()
		h.number(1)
		h.text(typeName(in.Type()))
		held := reflect.New(in.Type())
		held.Elem().Set(in)
		inner.fn(h, held.UnsafePointer())
	}
}

// typeName tells types of the same name in different packages apart.
func typeName(t reflect.Type) string {
	if strings.Contains(t.String(), ".") {
		return fmt.Sprintf("%s %s", t.PkgPath(), t)
	}
	return t.String()
}
