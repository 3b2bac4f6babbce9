package sizer

import (
	"reflect"

	"github.com/syncmem/syncmem/sizer/internal/share"
)

// rule compiles a type that isn't what its fields say.
type rule func(c *compiler, p *plan, t reflect.Type, off uintptr, name string)

// ruleOf returns the rule for t, or nil when t is what it seems.
func ruleOf(t reflect.Type) rule {
	if share.Is(t) {
		return shared
	}
	if t.Name() == "" {
		return nil
	}
	switch share.Name(t) {
	case "sync/atomic.Pointer":
		return atomicPointer
	case "sync/atomic.Value":
		return coded(opValue)
	case "sync.Map":
		return coded(opSyncMap)
	}
	return nil
}

// coded makes the rule that visits the type with one op.
func coded(code opcode) rule {
	return func(_ *compiler, p *plan, t reflect.Type, off uintptr, name string) {
		p.ops = append(p.ops, op{code: code, off: off, about: &about{typ: t, name: name}})
	}
}

// shared leaves a type out.
func shared(_ *compiler, p *plan, t reflect.Type, off uintptr, name string) {
	p.ops = append(p.ops, op{code: opSkipped, off: off, about: &about{t, name, "always shared"}})
}

// atomicPointer follows atomic.Pointer[T], whose first field is a [0]*T and whose last is the
// pointer. A changed one is opaque.
func atomicPointer(c *compiler, p *plan, t reflect.Type, off uintptr, name string) {
	first, last := t.Field(0).Type, t.Field(t.NumField()-1)
	if first.Kind() != reflect.Array || first.Elem().Kind() != reflect.Pointer || last.Type.Kind() != reflect.UnsafePointer {
		coded(opUnsafe)(c, p, t, off, name)
		return
	}
	elem := c.plan(first.Elem().Elem())
	p.ops = append(p.ops, op{code: opAtomic, off: off + last.Offset, elem: elem, about: &about{typ: t, name: name}})
}

// MarkShared declares that values of type T belong to the process, or to somebody who accounts
// for them, and not to whatever refers to them: a database handle, an interned dictionary. From
// then on a T, a *T and an interface that holds one count nothing beyond their own words. T may
// be an interface type: then fields of that type are not followed, whatever they hold.
//
// Call it from an init function: sizes that were taken before don't change. It may be called
// from any goroutine. The package comment lists the types of the standard library that are
// always shared; a single field is better marked by its tag.
func MarkShared[T any]() {
	plans.ready.Do(prepare)
	plans.mu.Lock()
	defer plans.mu.Unlock()
	t := reflect.TypeFor[T]()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	share.Mark(t)
	// Compiled plans may have followed it: start over.
	plans.build = newCompiler()
	plans.current.Store(nil)
}
