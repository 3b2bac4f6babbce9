package sizer

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/sizer/internal/slow"
)

// loop gives the random types a way back to themselves.
type loop struct {
	Name  string
	Next  *loop
	Kids  []*loop
	Named map[string]*loop
	Any   any
	_     [3]*loop
}

// pair is generic, embeds and has unexported fields.
type pair[A, B any] struct {
	*loop
	_      A
	Second B
}

var leaves = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[int32](),
	reflect.TypeFor[int](), reflect.TypeFor[float64](), reflect.TypeFor[complex128](), reflect.TypeFor[struct{}](),
	reflect.TypeFor[[0]*int](), reflect.TypeFor[[7]byte](), reflect.TypeFor[[200]byte](),
	reflect.TypeFor[string](), reflect.TypeFor[any](), reflect.TypeFor[*loop](), reflect.TypeFor[loop](),
	reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[pair[string, any]](), reflect.TypeFor[pair[[]int, *string]](),
}

// stringer is a boxed implementation of an interface with methods, *stringer a direct one.
type stringer struct{ text, _ string }

func (s stringer) String() string { return s.text }

// maker makes random types and values, and reuses what it made before: aliases and cycles.
type maker struct {
	*rand.Rand
	made map[reflect.Type][]reflect.Value
}

func (m *maker) typ(depth int) reflect.Type {
	if depth == 0 {
		return leaves[m.IntN(len(leaves))]
	}
	switch m.IntN(8) {
	case 0:
		return reflect.PointerTo(m.typ(depth - 1))
	case 1, 2:
		return reflect.SliceOf(m.typ(depth - 1))
	case 3:
		return reflect.ArrayOf(m.IntN(7), m.typ(depth-1))
	case 4:
		key := m.typ(depth - 1)
		if !key.Comparable() || hasInterface(key) {
			key = reflect.TypeFor[string]()
		}
		return reflect.MapOf(key, m.typ(depth-1))
	case 5, 6:
		fields := make([]reflect.StructField, m.IntN(7))
		for i := range fields {
			fields[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: m.typ(depth - 1)}
			if m.IntN(10) == 0 {
				fields[i].Tag = `mem:"shared"`
			}
		}
		return reflect.StructOf(fields)
	}
	return m.typ(0)
}

// hasInterface keeps keys out that would panic when hashed.
func hasInterface(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Array:
		return hasInterface(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasInterface(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// fill gives the addressable v a random value.
func (m *maker) fill(v reflect.Value, depth int) {
	t := v.Type()
	if old := m.made[t]; len(old) > 0 && m.IntN(4) == 0 {
		v.Set(old[m.IntN(len(old))])
		return
	}
	if depth > 6 || m.IntN(12) == 0 {
		return
	}
	switch t.Kind() {
	case reflect.String:
		v.SetString(m.text())
	case reflect.Int, reflect.Int8, reflect.Int32:
		v.SetInt(m.Int64N(1 << 20))
	case reflect.Float64:
		v.SetFloat(m.Float64())
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		m.remember(v)
		m.fill(v.Elem(), depth+1)
		return
	case reflect.Slice:
		v.Set(reflect.MakeSlice(t, 0, m.IntN(40)))
		v.SetLen(m.IntN(min(v.Cap(), 6) + 1))
		for i := range v.Len() {
			m.fill(v.Index(i), depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			m.fill(v.Index(i), depth+1)
		}
	case reflect.Struct:
		for i := range t.NumField() {
			at := unsafe.Add(unsafe.Pointer(v.UnsafeAddr()), t.Field(i).Offset)
			m.fill(reflect.NewAt(t.Field(i).Type, at).Elem(), depth+1)
		}
		return
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for range m.IntN(30) {
			m.fill(key, depth+2)
			m.fill(elem, depth+2)
			// Writing to a key that a full group of eight has makes it grow all the same, which
			// the slow walk's formula doesn't know.
			if !v.MapIndex(key).IsValid() {
				v.SetMapIndex(key, elem)
			}
		}
	case reflect.Interface:
		dynamic := m.typ(m.IntN(3))
		if t.NumMethod() > 0 {
			dynamic = []reflect.Type{reflect.TypeFor[stringer](), reflect.TypeFor[*stringer]()}[m.IntN(2)]
		}
		if dynamic.Kind() != reflect.Interface {
			x := reflect.New(dynamic)
			m.fill(x.Elem(), depth+1)
			v.Set(x.Elem())
		}
	}
	m.remember(v)
}

// remember keeps a copy for reuse. Strings and boxes are kept as they are: copies share blocks.
func (m *maker) remember(v reflect.Value) {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	m.made[v.Type()] = append(m.made[v.Type()], c)
}

func (m *maker) text() string {
	switch m.IntN(5) {
	case 0:
		return "a literal, which belongs to the program"
	case 1:
		return heapText(m.IntN(3000))
	}
	return heapText(m.IntN(40))
}

// truth is the size of the value behind at by the slow walk, with every string once or each
// time, and the number of tiny objects and of the distinct blocks they are in.
func truth(at reflect.Value, stringsOnce bool) (bytes int64, tinies int, blocks map[uintptr]bool) {
	seen, blocks := map[uintptr]bool{}, map[uintptr]bool{}
	slow.Walk(at, func(r slow.Ref) bool {
		addr := uintptr(r.Addr)
		once := !r.Text || stringsOnce || r.Size > fineMax
		switch {
		case r.Addr != nil && isStatic(r.Addr), addr != 0 && once && seen[addr]:
			return false
		case r.Addr != nil && r.MapLen == 0 && r.Type.Kind() != reflect.Map && isTiny(r.Size, r.Scan):
			tinies++
			blocks[addr/tinySize] = true
			return true
		}
		if once {
			seen[addr] = true
		}
		if r.Addr != nil && r.Type.Kind() == reflect.Map && !r.Text && r.Size == 0 {
			bytes += int64(blockOf(mapHeader, true))
			for _, b := range slow.Tables(r.Type, r.MapLen) {
				bytes += int64(blockOf(b.Size, b.Scan))
			}
			return true
		}
		bytes += int64(blockOf(r.Size, r.Scan))
		return true
	})
	return bytes, tinies, blocks
}

// FuzzAgainstSlowWalk builds a random type and a random value of it, and compares the fast walk
// in its three ways with the slow one.
func FuzzAgainstSlowWalk(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := &maker{rand.New(rand.NewPCG(seed, 7)), map[reflect.Type][]reflect.Value{}}
		typ := m.typ(4)
		v := reflect.New(typ)
		m.fill(v.Elem(), 0)

		bytes, _, blocks := truth(v, true)
		require.Equal(t, bytes+tinySize*int64(len(blocks)), new(Scope).Of(v.Elem().Addr().Interface())-own(typ), "scope, %v", typ)

		b := Explain(v.Interface())
		w := walker{memory: new(memory)}
		w.rootOf(v.Interface())
		if mapsProven {
			require.Equal(t, w.Result, b.Result, "Explain and Of")
		} else { // maps iterate in random order, and so tiny blocks are forgotten at random
			require.InEpsilon(t, w.Bytes+1000, b.Bytes+1000, 0.02, "Explain and Of")
		}
		require.Equal(t, b.Bytes, b.Root.Bytes, "the parts add up")

		bytes, tinies, blocks := truth(v, false)
		got := w.Bytes - own(typ) - bytes
		require.GreaterOrEqual(t, got, tinySize*int64(len(blocks)), typ)
		require.LessOrEqual(t, got, tinySize*int64(tinies), typ)
		places := map[uintptr]bool{}
		for b := range blocks {
			places[b%uintptr(len(w.memory.tiny))] = true
		}
		if len(places) == len(blocks) {
			require.Equal(t, tinySize*int64(len(blocks)), got, "no two blocks at one place")
		}
	})
}

// own is the block of the value itself, which sizing a pointer to it counts.
func own(t reflect.Type) int64 {
	if isTiny(t.Size(), hasPointers(t)) && t.Size() > 0 {
		return tinySize
	}
	return int64(blockOf(t.Size(), hasPointers(t)))
}
