package flow

import (
	"go/ast"
	"go/types"
)

// Grand reports whether the code expects a file to be large: it is decompressed,
// a size above the largest bound is allowed for it, its items are handed on one
// by one, or it is an index: lists in a map, or items that have lists.
func (f *Func) Grand(s *Sink) bool {
	if s.Stream.Unpacked || f.allowsMuch(s.Call) || f.HandsEach() {
		return true
	}
	for _, t := range append(s.Decodes, s.Target) {
		if t != nil && deepList(f.TargetType(t)) {
			return true
		}
	}
	return false
}

// deepList reports whether a type holds lists of things that have lists of
// their own.
func deepList(t types.Type) bool {
	return holds(t, shapeDepth, func(t types.Type) bool {
		switch u := t.(type) {
		case *types.Slice:
			return HasList(u.Elem())
		case *types.Map:
			return HasList(u.Elem())
		}
		return false
	})
}

// holds reports whether the underlying type is one, or that of a field down to
// so many structs, through pointers.
func holds(t types.Type, depth int, is func(types.Type) bool) bool {
	if depth == 0 {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return holds(u.Elem(), depth, is)
	case *types.Struct:
		for field := range u.Fields() {
			if holds(field.Type(), depth-1, is) {
				return true
			}
		}
		return false
	default:
		return is(u)
	}
}

// HasList reports whether an item is a list of things, or a struct with one.
func HasList(t types.Type) bool {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	if s, ok := t.Underlying().(*types.Struct); ok {
		for field := range s.Fields() {
			if listShape(field.Type()) {
				return true
			}
		}
		return false
	}
	return listShape(t)
}

// HasMuch reports whether a value is or has a body or a list of things: a part of a
// document weighs little beside them.
func HasMuch(t types.Type) bool {
	return holds(t, shapeDepth, func(t types.Type) bool { return isBytes(t) || listShape(t) })
}

func listShape(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return listOf(u.Elem()) == Collection
	case *types.Map:
		return mapOf(u.Elem()) == Collection
	}
	return false
}

// allowsMuch reports whether a size is compared with a constant above the
// largest bound before the node.
func (f *Func) allowsMuch(n ast.Node) bool {
	found := false
	ast.Inspect(f.Body, func(m ast.Node) bool {
		c, ok := m.(*ast.IfStmt)
		if !ok || c.Pos() > n.Pos() {
			return !found
		}
		ast.Inspect(c.Cond, func(n ast.Node) bool {
			if b, ok := n.(*ast.BinaryExpr); ok {
				found = found || f.isSize(b.X) && f.isHuge(b.Y) || f.isSize(b.Y) && f.isHuge(b.X)
			}
			return !found
		})
		return !found
	})
	return found
}

func (f *Func) isHuge(e ast.Expr) bool {
	n, ok := f.constant(e)
	return ok && tooLarge(n)
}
