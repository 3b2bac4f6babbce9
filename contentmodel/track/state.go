package track

import (
	"hash/maphash"
	"reflect"
	"unsafe"
)

// State is what the fields of a T were. The zero State is of no value at all:
// against it every field has changed. It may be read by several goroutines,
// and copies share what they hold.
type State[T any] struct {
	sums []uint64 // one a field; nil for no value
}

// Of takes the fingerprints of v's fields as they are now. It costs one walk
// over the value, and 8 bytes a field. A T that is no struct has one field,
// without a name. Of nil is the zero State.
func Of[T any](v *T) State[T] {
	if v == nil {
		return State[T]{}
	}
	p := planOf(reflect.TypeFor[T]())
	s := State[T]{make([]uint64, len(p.fields))}
	h := newHasher()
	for i := range p.fields {
		s.sums[i] = h.field(&p.fields[i], unsafe.Pointer(v))
	}
	return s
}

// Changed is the names of the fields that differ from what they were, in the
// order of the struct; nil if none does. Against nil no field differs.
func (s State[T]) Changed(v *T) (names []string) {
	s.compare(v, func(name string) bool {
		names = append(names, name)
		return true
	})
	return names
}

// Any reports whether any field differs. It stops at the first.
func (s State[T]) Any(v *T) bool {
	found := false
	s.compare(v, func(string) bool {
		found = true
		return false
	})
	return found
}

// compare calls fn with the name of each field that differs, until it returns
// false.
func (s State[T]) compare(v *T, fn func(string) bool) {
	if v == nil {
		return
	}
	p := planOf(reflect.TypeFor[T]())
	h := newHasher()
	for i := range p.fields {
		f := &p.fields[i]
		if s.sums != nil && s.sums[i] == h.field(f, unsafe.Pointer(v)) {
			continue
		}
		if !fn(f.name) {
			return
		}
	}
}

// seed is the same for all hashes of the process.
var seed = maphash.MakeSeed()

// hasher takes in one value after the other.
type hasher struct {
	maphash.Hash
	pointers int
	path     []visit          // what is being walked, from the outside
	deep     map[visit]int    // how deep what is being walked is, where path is long
	done     map[visit]uint64 // hashes of what was walked, where there is very much
}

// visit is a pointer that was followed, and by whom.
type visit struct {
	at unsafe.Pointer
	by *walker
}

const (
	// maxPath is how much of the path is searched one by one.
	maxPath = 32
	// maxPointers is from when on pointers are remembered, because there may be
	// very many ways to one thing.
	maxPointers = 1 << 16
)

func newHasher() *hasher {
	h := new(hasher)
	h.SetSeed(seed)
	return h
}

// field is the fingerprint of one field of the struct at p.
func (h *hasher) field(f *field, p unsafe.Pointer) uint64 {
	h.Reset()
	h.pointers, h.path, h.done = 0, h.path[:0], nil
	f.walk.fn(h, unsafe.Add(p, f.offset))
	return h.Sum64()
}

// apart is the hash of what fn takes in, by itself.
func (h *hasher) apart(fn func()) uint64 {
	outer := h.Hash
	h.Hash = maphash.Hash{}
	h.SetSeed(seed)
	fn()
	sum := h.Sum64()
	h.Hash = outer
	return sum
}

// follow takes in what a pointer leads to, as a hash of its own: so it is no
// matter whether it was known already. It must depend on w and to alone.
func (h *hasher) follow(w *walker, to unsafe.Pointer, fn func()) {
	at := visit{to, w}
	if d, ok := h.walking(at); ok {
		h.number(uint64(d))
		return
	}
	h.pointers++
	sum, ok := h.done[at]
	if !ok {
		h.enter(at)
		sum = h.apart(fn)
		h.leave(at)
		if h.pointers >= maxPointers {
			if h.done == nil {
				h.done = make(map[visit]uint64)
			}
			h.done[at] = sum
		}
	}
	h.number(sum)
}

// walking is how deep at is on the path, if it is there: the value leads back
// to itself.
func (h *hasher) walking(at visit) (depth int, ok bool) {
	for i, v := range h.path[:min(len(h.path), maxPath)] {
		if v == at {
			return i, true
		}
	}
	depth, ok = h.deep[at]
	return depth, ok
}

func (h *hasher) enter(at visit) {
	h.path = append(h.path, at)
	if len(h.path) > maxPath {
		if h.deep == nil {
			h.deep = make(map[visit]int)
		}
		h.deep[at] = len(h.path)
	}
}

func (h *hasher) leave(at visit) {
	h.path = h.path[:len(h.path)-1]
	delete(h.deep, at)
}

func (h *hasher) number(n uint64) {
	var b [8]byte
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	_, _ = h.Write(b[:])
}

func (h *hasher) text(s string) {
	h.number(uint64(len(s)))
	_, _ = h.WriteString(s)
}
