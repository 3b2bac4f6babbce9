package flow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Stores reports whether the value keeps what the variable refers to: it is
// the variable, a part of it that is no scalar, its address, or a composite
// literal or append that has one of those.
func (f *Func) Stores(e ast.Expr, o types.Object) bool {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		return f.Object(x) == o && !IsBasic(o.Type())
	case *ast.SelectorExpr, *ast.IndexExpr, *ast.SliceExpr, *ast.StarExpr:
		return f.Root(x) == o && !IsBasic(f.TypeOf(x))
	case *ast.UnaryExpr:
		return f.Stores(x.X, o)
	case *ast.CompositeLit:
		for _, elt := range x.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				elt = kv.Value
			}
			if f.Stores(elt, o) {
				return true
			}
		}
	case *ast.CallExpr:
		if args, ok := f.Append(x); ok {
			for _, a := range args[1:] {
				if f.Stores(a, o) {
					return true
				}
			}
		}
	}
	return false
}

// RefersTo reports whether the value is the variable's, or is put together from its
// parts: no call makes something new of it. One variable in between is looked
// through.
func (f *Func) RefersTo(e ast.Expr, o types.Object) bool {
	if made := f.Object(e); made != nil && made != o {
		if d := f.last(made, e.Pos()); d != nil && !d.each && d.index < 0 {
			e = d.rhs
		}
	}
	calls := false
	ast.Inspect(e, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			tv := f.Pkg.Info.Types[call.Fun]
			calls = calls || !tv.IsType()
		}
		return !calls
	})
	return !calls && f.Mentions(e, o)
}

// Updates reports whether a value that is put into a map was taken out of it, as
// s is in s := m[k]; s.n++; m[k] = s: that sums up, and has no item.
func (f *Func) Updates(value ast.Expr, place *ast.IndexExpr) bool {
	d := f.last(f.Object(value), value.Pos())
	if d == nil || d.each || d.index > 0 {
		return false
	}
	from, ok := ast.Unparen(d.rhs).(*ast.IndexExpr)
	return ok && types.ExprString(from) == types.ExprString(place)
}

// Grows reports whether the slice is appended to in the block.
func (f *Func) Grows(s types.Object, body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok {
			for i, l := range a.Lhs {
				if i < len(a.Rhs) && f.Object(l) == s && f.isAppend(a.Rhs[i]) {
					found = true
				}
			}
		}
		return !found
	})
	return found
}

// StoredAway reports whether the expression's value is put into a map, a
// field, a slice or a composite literal.
func (f *Func) StoredAway(e ast.Expr) bool {
	switch p := f.Parent(e).(type) {
	case *ast.KeyValueExpr:
		return p.Value == e
	case *ast.CompositeLit:
		return true
	case *ast.CallExpr:
		return f.isAppend(p)
	case *ast.AssignStmt:
		for i, r := range p.Rhs {
			if r != e || i >= len(p.Lhs) {
				continue
			}
			switch ast.Unparen(p.Lhs[i]).(type) {
			case *ast.SelectorExpr, *ast.IndexExpr:
				return true
			}
		}
	}
	return false
}

// Resets reports whether the collection is emptied or made anew in the block:
// a batch that is flushed.
func (f *Func) Resets(o types.Object, body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if f.Object(l) == o && i < len(n.Rhs) && empties(n.Rhs[i]) {
					found = true
				}
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "clear" || id.Name == "delete") && len(n.Args) > 0 && f.Root(n.Args[0]) == o {
				found = true
			}
		}
		return !found
	})
	return found
}

// LimitsLen reports whether the block is left where the list in it has become as long
// as is allowed.
func (f *Func) LimitsLen(o types.Object, body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		c, ok := n.(*ast.IfStmt)
		if !ok || found || !leaves(c.Body) {
			return !found
		}
		if b, ok := ast.Unparen(c.Cond).(*ast.BinaryExpr); ok {
			switch b.Op {
			case token.GTR, token.GEQ, token.EQL:
				found = f.lenOf(b.X) == o && !f.isZero(b.Y)
			case token.LSS, token.LEQ:
				found = f.lenOf(b.Y) == o && !f.isZero(b.X)
			}
		}
		return !found
	})
	return found
}

func empties(e ast.Expr) bool {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		return x.Name == "nil"
	case *ast.SliceExpr:
		return x.High != nil
	case *ast.CompositeLit:
		return len(x.Elts) == 0
	case *ast.CallExpr:
		id, ok := x.Fun.(*ast.Ident)
		return ok && id.Name == "make"
	}
	return false
}

// MadeOf reports whether the expression's value is a variable that the block
// makes from the other variable: cv, after Unmarshal(item, &cv).
func (f *Func) MadeOf(e ast.Expr, from types.Object, body *ast.BlockStmt) bool {
	o := f.Root(e)
	if o == nil || !within(o.Pos(), body) {
		return false
	}
	if d := f.last(o, e.Pos()); d != nil && f.Mentions(d.rhs, from) {
		return true
	}
	for _, call := range f.Calls {
		if within(call.Pos(), body) && f.Mentions(call, from) && f.Mentions(call, o) {
			return true
		}
	}
	return false
}
