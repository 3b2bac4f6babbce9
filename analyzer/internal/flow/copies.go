package flow

import (
	"go/ast"
	"go/types"
)

// Marshalled is the variable whose serialized form the expression is, or nil:
// the value of b after b, err := json.Marshal(x).
func (f *Func) Marshalled(e ast.Expr) types.Object {
	e = ast.Unparen(e)
	if call, ok := e.(*ast.CallExpr); ok {
		if tv := f.Pkg.Info.Types[call.Fun]; tv.IsType() && len(call.Args) == 1 {
			return f.Marshalled(call.Args[0]) // string(b)
		}
		return f.marshals(call)
	}
	d := f.last(f.Object(e), e.Pos())
	if d == nil || d.each || d.index > 0 {
		return nil
	}
	call, ok := ast.Unparen(d.rhs).(*ast.CallExpr)
	if !ok {
		return nil
	}
	return f.marshals(call)
}

func (f *Func) marshals(call *ast.CallExpr) types.Object {
	fn := f.Callee(call)
	if fn == nil || fn.Name() != "Marshal" || len(call.Args) != 1 {
		return nil
	}
	return f.Root(call.Args[0])
}

// FilledByReflection reports whether the variable is a map that a loop over a
// value's reflected fields fills.
func (f *Func) FilledByReflection(o types.Object) bool {
	if o == nil {
		return false
	}
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != 1 || f.Root(a.Lhs[0]) != o {
			return !found
		}
		if _, ok := ast.Unparen(a.Lhs[0]).(*ast.IndexExpr); ok && f.reflects(a.Rhs[0]) && f.inLoop(a) {
			found = true
		}
		return !found
	})
	return found
}

// CopiesByReflection reports whether a function of this package returns a map
// it fills that way.
func (f *Func) CopiesByReflection(fn *types.Func) bool {
	g := f.Pkg.byObj[fn]
	if g == nil {
		return false
	}
	found := false
	g.returns(func(r *ast.ReturnStmt) {
		if len(r.Results) > 0 && g.FilledByReflection(g.Object(r.Results[0])) {
			found = true
		}
	})
	return found
}

// reflects reports whether the expression is v.Field(i).Interface() or alike.
func (f *Func) reflects(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	fn := f.Callee(call)
	return fn != nil && fn.FullName() == "(reflect.Value).Interface"
}
