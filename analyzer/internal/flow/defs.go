package flow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// def is one assignment to a variable.
type def struct {
	at    token.Pos // it holds for uses after this
	rhs   ast.Expr
	index int  // which result of a call with several; -1 when rhs is the value itself
	each  bool // the variable of a range over rhs
}

// param says whose parameter a variable is.
type param struct {
	index int          // -1 for a receiver
	lit   *ast.FuncLit // the literal it belongs to, nil for the function's own
}

// collect walks the body once and notes its calls, assignments and parameters.
func (f *Func) collect() {
	f.defs = map[types.Object][]def{}
	f.params = map[types.Object]param{}
	f.addParams(f.Recv, -1, nil)
	f.addParams(f.Type.Params, 0, nil)
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			f.Calls = append(f.Calls, n)
		case *ast.FuncLit:
			f.addParams(n.Type.Params, 0, n)
		case *ast.AssignStmt:
			f.assign(n.Lhs, n.Rhs, n.End())
		case *ast.ValueSpec:
			lhs := make([]ast.Expr, len(n.Names))
			for i, id := range n.Names {
				lhs[i] = id
			}
			f.assign(lhs, n.Values, n.End())
		case *ast.RangeStmt:
			f.define(n.Key, def{n.X.End(), n.X, 0, true})
			f.define(n.Value, def{n.X.End(), n.X, 1, true})
		}
		return true
	})
}

func (f *Func) addParams(list *ast.FieldList, index int, lit *ast.FuncLit) {
	if list == nil {
		return
	}
	for _, field := range list.List {
		for _, id := range field.Names {
			if o := f.Pkg.Info.Defs[id]; o != nil {
				f.params[o] = param{index, lit}
			}
			index++
		}
		if len(field.Names) == 0 {
			index++
		}
	}
}

func (f *Func) assign(lhs, rhs []ast.Expr, at token.Pos) {
	for i, l := range lhs {
		switch {
		case len(rhs) == len(lhs):
			f.define(l, def{at, rhs[i], -1, false})
		case len(rhs) == 1:
			f.define(l, def{at, rhs[0], i, false})
		}
	}
}

func (f *Func) define(l ast.Expr, d def) {
	if l == nil {
		return
	}
	if o := f.Object(l); o != nil {
		f.defs[o] = append(f.defs[o], d)
	}
}

// last is the latest assignment above a use, or nil. The walk notes them in
// order of position, so the last that ends before the use is the one.
func (f *Func) last(o types.Object, use token.Pos) *def {
	if o == nil {
		return nil
	}
	var found *def
	for i := range f.defs[o] {
		if d := &f.defs[o][i]; d.at <= use {
			found = d
		}
	}
	return found
}

// Value is what a variable was last set to before the use: the expression, and
// which of its results. It is nil when nothing above the use sets it.
func (f *Func) Value(o types.Object, use token.Pos) (rhs ast.Expr, index int, each bool) {
	if d := f.last(o, use); d != nil {
		return d.rhs, d.index, d.each
	}
	return nil, 0, false
}

// Param tells whether o is a parameter: its index (-1 for the receiver), and
// the literal it belongs to, nil for the function itself.
func (f *Func) Param(o types.Object) (index int, lit *ast.FuncLit, ok bool) {
	p, ok := f.params[o]
	return p.index, p.lit, ok
}

// Parent is the node around n within the function.
func (f *Func) Parent(n ast.Node) ast.Node {
	if f.parents == nil {
		f.parents = map[ast.Node]ast.Node{}
		var stack []ast.Node
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if n == nil {
				stack = stack[:len(stack)-1]
				return true
			}
			if len(stack) > 0 {
				f.parents[n] = stack[len(stack)-1]
			}
			stack = append(stack, n)
			return true
		})
	}
	return f.parents[n]
}

// Root is the variable at the start of a chain of selectors, indexes and
// dereferences: x for (*x.f[i]).g.
func (f *Func) Root(e ast.Expr) types.Object {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.UnaryExpr:
			e = x.X
		case *ast.TypeAssertExpr:
			e = x.X
		case *ast.Ident:
			return f.Object(x)
		default:
			return nil
		}
	}
}

// Mentions reports whether the variable occurs in the tree.
func (f *Func) Mentions(n ast.Node, o types.Object) bool {
	found := false
	if n == nil || o == nil {
		return false
	}
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && f.Pkg.Info.Uses[id] == o {
			found = true
		}
		return !found
	})
	return found
}

// within reports whether pos is inside the node.
func within(pos token.Pos, n ast.Node) bool { return n.Pos() <= pos && pos < n.End() }

// Within reports whether pos is inside the node.
func Within(pos token.Pos, n ast.Node) bool { return within(pos, n) }
