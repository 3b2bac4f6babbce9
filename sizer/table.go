package sizer

import (
	"math/bits"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// plans maps the first word of an interface value (a type, or a method table that stands for
// one) to the plan of the dynamic type. It is read on every call and written once a type, so
// it is copied on write and read without a lock: a lookup costs a few nanoseconds.
var plans struct {
	current atomic.Pointer[table]
	mu      sync.Mutex
	build   *compiler
	ready   sync.Once
}

type slot struct {
	word unsafe.Pointer
	plan *plan
}

// table is an open-addressing hash table, at most half full and never written once published.
type table struct {
	slots []slot
	shift uint
	used  int
}

// home is where the search for word starts; the multiplier is 2^64 divided by the golden
// ratio (Knuth, TAOCP 6.4), which spreads addresses that differ in few bits.
func (t *table) home(word unsafe.Pointer) uintptr {
	return uintptr(uint64(uintptr(word)) * 0x9E3779B97F4A7C15 >> t.shift)
}

func (t *table) find(word unsafe.Pointer) *plan {
	if t == nil {
		return nil
	}
	mask := uintptr(len(t.slots) - 1)
	for i := t.home(word); ; i++ {
		s := &t.slots[i&mask]
		if s.word == word || s.word == nil {
			return s.plan
		}
	}
}

// with returns a copy of t that also holds word.
func (t *table) with(word unsafe.Pointer, p *plan) *table {
	var old []slot
	used := 1
	if t != nil {
		old, used = t.slots, t.used+1
	}
	n := bits.Len(uint(2*used + 14))
	c := &table{slots: make([]slot, 1<<n), shift: uint(64 - n), used: used}
	for _, s := range append([]slot{{word, p}}, old...) {
		if s.word == nil {
			continue
		}
		i := c.home(s.word)
		for ; c.slots[i&(1<<n-1)].word != nil; i++ {
		}
		c.slots[i&(1<<n-1)] = s
	}
	return c
}

// learn compiles the plan of t and publishes it under word.
func learn(word unsafe.Pointer, t reflect.Type) *plan {
	plans.ready.Do(prepare)
	plans.mu.Lock()
	defer plans.mu.Unlock()
	cur := plans.current.Load()
	if p := cur.find(word); p != nil {
		return p // another goroutine was first
	}
	p := plans.build.plan(t)
	judge(p)
	if p.pointee != nil {
		judge(p.pointee)
	}
	plans.current.Store(cur.with(word, p))
	return p
}

// prepare learns what only the running program can tell; no plan exists before it.
func prepare() {
	learnClasses()
	findStatic()
	proveMaps()
	plans.build = newCompiler()
}

// planOf returns the plan of T itself. The pointer type *T names T even when T is an
// interface, and making a nil *T costs nothing.
func planOf[T any]() *plan {
	v := any((*T)(nil))
	word := wordsOf(&v)[0]
	p := plans.current.Load().find(word)
	if p == nil {
		p = learn(word, reflect.TypeOf(v))
	}
	return p.pointee
}

// dynamicPlan returns the plan of the dynamic type of v, which is not nil.
func dynamicPlan(v *any) *plan {
	word := wordsOf(v)[0]
	if p := plans.current.Load().find(word); p != nil {
		return p
	}
	return learn(word, reflect.TypeOf(*v))
}

// methodPlan does the same for the interface type t with methods, whose value is held in the
// two words: the first is a method table, made once for each pair of types.
func methodPlan(t reflect.Type, words *[2]unsafe.Pointer) *plan {
	if p := plans.current.Load().find(words[0]); p != nil {
		return p
	}
	v := reflect.New(t)
	*(*[2]unsafe.Pointer)(v.UnsafePointer()) = *words
	return learn(words[0], v.Elem().Elem().Type())
}
