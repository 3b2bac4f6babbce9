package flow

import (
	"go/ast"
	"go/types"
	"regexp"
)

var (
	// wholeLists are methods that list, by name.
	wholeLists = regexp.MustCompile(`^(List|Find|Search|Query|GetAll|FetchAll)$|^(List|GetAll|FindAll|FetchAll)[A-Z]|^(Get|Fetch)[A-Z].*s$`)

	// filterFuncs are functions that keep a part of a list.
	filterFuncs = regexp.MustCompile(`(?i)filter|reject|^(delete|index|contains)func$|^find`)
)

// ListedWhole is the variable that takes the result of a list call that could
// have been given options and was not: nil, an empty struct, or none of a
// variadic list. It is nil for every other call.
func (f *Func) ListedWhole(call *ast.CallExpr) types.Object {
	fn := f.Callee(call)
	if fn == nil || fn.Pkg() == nil || isStdPath(fn.Pkg().Path()) || !wholeLists.MatchString(fn.Name()) || !f.withoutOptions(call, fn) {
		return nil
	}
	if o := f.takes(call, 0); o != nil && ShapeOf(o.Type()) == Collection {
		return o
	}
	for _, a := range call.Args { // client.List(ctx, &list)
		if u, ok := ast.Unparen(a).(*ast.UnaryExpr); ok && ShapeOf(f.TypeOf(u.X)) == Collection {
			return f.Object(u.X)
		}
	}
	return nil
}

// withoutOptions reports whether the function takes options and the call gives
// it none.
func (f *Func) withoutOptions(call *ast.CallExpr, fn *types.Func) bool {
	sig := fn.Signature()
	for i := range sig.Params().Len() {
		t := sig.Params().At(i).Type()
		rest := sig.Variadic() && i == sig.Params().Len()-1
		if s, ok := t.(*types.Slice); ok && rest {
			t = s.Elem()
		}
		if !optionNames.MatchString(typeName(t)) {
			continue
		}
		if rest && i >= len(call.Args) || i < len(call.Args) && f.isEmpty(call.Args[i]) {
			return true
		}
	}
	return false
}

// isEmpty reports whether an expression is nil or a composite literal without
// elements, or the address of one.
func (f *Func) isEmpty(e ast.Expr) bool {
	if f.Pkg.Info.Types[e].IsNil() {
		return true
	}
	e = ast.Unparen(e)
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = ast.Unparen(u.X)
	}
	lit, ok := e.(*ast.CompositeLit)
	return ok && len(lit.Elts) == 0
}

// Answers reports whether the function is a handler of requests.
func (f *Func) Answers() bool { return f.answers() }

// InLoop reports whether the node is in a loop or a walk's callback.
func (f *Func) InLoop(n ast.Node) bool { return f.inLoop(n) }

// FilteredAfter is the place behind a call where most of a list is dropped: a
// range that skips items or acts on some, or a call of a function that filters.
// It is nil where all of it is used.
func (f *Func) FilteredAfter(list types.Object, call *ast.CallExpr) ast.Node {
	var found ast.Node
	whole := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if n == nil || n.Pos() < call.End() {
			return true
		}
		switch n := n.(type) {
		case *ast.RangeStmt:
			if f.Root(n.X) != list || !f.manyIn(n.X) {
				break
			}
			if f.skips(n) {
				found = n
			} else {
				whole = true
			}
			return false
		case *ast.CallExpr:
			fn := f.Callee(n)
			if fn == nil || len(n.Args) < 2 || f.Root(n.Args[0]) != list {
				break
			}
			if _, isLit := ast.Unparen(n.Args[len(n.Args)-1]).(*ast.FuncLit); isLit && filterFuncs.MatchString(fn.Name()) {
				found = n
			}
		case *ast.ReturnStmt:
			for _, r := range n.Results {
				whole = whole || f.given(r, list) || f.listOf(r, list)
			}
		}
		return true
	})
	if whole {
		return nil
	}
	return found
}

// skips reports whether a range acts on some of its items only: all of its body
// is one if about the item, or it starts with one that goes on with the next.
func (f *Func) skips(r *ast.RangeStmt) bool {
	if len(r.Body.List) == 0 {
		return false
	}
	c, ok := r.Body.List[0].(*ast.IfStmt)
	if !ok || c.Else != nil || f.isErrCheck(c) || !f.about(c.Cond, r) {
		return false
	}
	return len(r.Body.List) == 1 || leaves(c.Body)
}

// about reports whether a condition looks at the item of a range.
func (f *Func) about(cond ast.Expr, r *ast.RangeStmt) bool {
	return f.Mentions(cond, f.Object(r.Value)) || f.Mentions(cond, f.Object(r.Key)) && f.Mentions(cond, f.Root(r.X))
}

// isErrCheck reports whether an if asks for an error.
func (f *Func) isErrCheck(c *ast.IfStmt) bool {
	b, ok := ast.Unparen(c.Cond).(*ast.BinaryExpr)
	return ok && (IsError(f.TypeOf(b.X)) || IsError(f.TypeOf(b.Y)))
}
