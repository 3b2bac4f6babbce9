package sizer

import (
	"reflect"
	"strings"
)

// rule compiles a type that isn't what its fields say.
type rule func(c *compiler, p *plan, t reflect.Type, off uintptr, name string)

// alwaysShared are the types that belong to the process, not to the value that refers to them,
// by import path and name without type arguments: nothing is imported only to be recognised.
var alwaysShared = map[string]bool{
	"time.Location":      true, // one for the program, as are the next four
	"internal/abi.Type":  true,
	"reflect.rtype":      true,
	"reflect.Type":       true,
	"unique.Handle":      true,
	"weak.Pointer":       true, // doesn't keep alive
	"sync.Pool":          true, // emptied by the collector
	"context.Context":    true, // belongs to the caller
	"regexp.Regexp":      true, // compiled once, used by many, as are the rest
	"os.File":            true,
	"log.Logger":         true,
	"log/slog.Logger":    true,
	"net/http.Client":    true,
	"net/http.Transport": true,
	"database/sql.DB":    true,
	"google.golang.org/protobuf/internal/impl.MessageInfo": true,
}

// ruleOf returns the rule for t, if it has one.
func ruleOf(t reflect.Type) (rule, bool) {
	if isShared(t) || t.Kind() == reflect.Pointer && isShared(t.Elem()) {
		return coded(opSkipped), true
	}
	switch qualified(t) {
	case "sync/atomic.Pointer":
		return atomicPointer, true
	case "sync/atomic.Value":
		return coded(opValue), true
	case "sync.Map":
		return coded(opSyncMap), true
	}
	return nil, false
}

func isShared(t reflect.Type) bool {
	if t.Name() == "" {
		return false
	}
	// The contexts behind an interface are types of package context.
	return alwaysShared[qualified(t)] || t.PkgPath() == "context"
}

// qualified is the import path and name of t without type arguments.
func qualified(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return t.PkgPath() + "." + name
}

// coded makes the rule that visits the type with one op.
func coded(code opcode) rule {
	return func(_ *compiler, p *plan, t reflect.Type, off uintptr, name string) {
		p.ops = append(p.ops, op{code: code, off: off, typ: t, name: name})
	}
}

// atomicPointer follows atomic.Pointer[T], whose first field is a [0]*T and whose last is the
// pointer.
func atomicPointer(c *compiler, p *plan, t reflect.Type, off uintptr, name string) {
	first, last := t.Field(0).Type, t.Field(t.NumField()-1)
	if first.Kind() != reflect.Array || first.Elem().Kind() != reflect.Pointer || last.Type.Kind() != reflect.UnsafePointer {
		coded(opUnsafe)(c, p, t, off, name)
		return
	}
	elem := c.plan(first.Elem().Elem())
	p.ops = append(p.ops, op{code: opAtomic, off: off + last.Offset, elem: elem, typ: t, name: name})
}
