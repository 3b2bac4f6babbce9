package flow

import (
	"go/ast"
	"go/types"
)

// AsksAbout reports whether the function sends the items of a list it was given,
// as a body or in the address: then the answer has one entry for each of them.
func (f *Func) AsksAbout() bool {
	for o, p := range f.params {
		s, ok := o.Type().Underlying().(*types.Slice)
		if !ok || p.lit != nil || isBytes(s) {
			continue
		}
		if f.sendsBody() || IsBasic(s.Elem()) && f.joins(o) {
			return true
		}
	}
	return false
}

// sendsBody reports whether the function makes a request that has a body.
func (f *Func) sendsBody() bool {
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil {
			continue
		}
		var body ast.Expr
		switch fn.FullName() {
		case "net/http.NewRequest", "net/http.NewRequestWithContext", "net/http.Post", "(*net/http.Client).Post":
			body = arg(call, len(call.Args)-1)
		}
		if body != nil && !f.Pkg.Info.Types[body].IsNil() && !isNoBody(body) {
			return true
		}
	}
	return false
}

func isNoBody(e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "NoBody"
}

// joins reports whether the function makes one text, or one set of query
// parameters, of all items of a list: nothing else makes a request about them.
func (f *Func) joins(list types.Object) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			fn := f.Callee(n)
			found = found || fn != nil && fn.FullName() == "strings.Join" && len(n.Args) > 0 && f.Object(n.Args[0]) == list && !f.talks(n)
		case *ast.RangeStmt:
			item := f.Object(n.Value)
			found = found || n.Value != nil && f.Object(n.X) == list && f.writesText(n.Body, item)
		}
		return !found
	})
	return found
}

// writesText reports whether a loop's body adds its item to bytes, a buffer or
// query parameters that are made outside of it.
func (f *Func) writesText(body *ast.BlockStmt, item types.Object) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				o := f.Object(l)
				found = found || o != nil && i < len(n.Rhs) && isBytes(o.Type()) && !within(o.Pos(), body) && f.Mentions(n.Rhs[i], item)
			}
		case *ast.CallExpr:
			x := Receiver(n)
			if x == nil || !f.Mentions(n, item) {
				return !found
			}
			found = found || isBuffer(f.TypeOf(x)) || IsNamed(f.TypeOf(x), "net/url", "Values") && methodName(n) == "Add"
		}
		return !found
	})
	return found
}

// LooksUp reports whether the function puts one of its own strings into a query
// parameter that says what is asked about: then the answer is about that.
func (f *Func) LooksUp() bool {
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil || len(call.Args) < 2 {
			continue
		}
		text := f.text(call.Args[0])
		switch x := Receiver(call); {
		case fn.FullName() == "fmt.Sprintf" && lookupText.MatchString(text), IsNamed(f.TypeOf(x), "net/url", "Values") && lookupKeys.MatchString(text):
			if f.mentionsParam(call.Args[1:]) {
				return true
			}
		}
	}
	return false
}

// NamesOne reports whether the address that the function asks has a part that its caller
// names: then the answer is about that one, of as many as there are.
func (f *Func) NamesOne() bool {
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil || fn.FullName() != "fmt.Sprintf" || len(call.Args) < 2 || !onePath.MatchString(f.text(call.Args[0])) {
			continue
		}
		for _, a := range call.Args[1:] {
			if made := callIn(a); made != nil && len(made.Args) == 1 { // url.PathEscape(name)
				a = made.Args[0]
			}
			if f.mentionsParam([]ast.Expr{a}) {
				return true
			}
		}
	}
	return false
}

// mentionsParam reports whether one of the expressions is a string that the function
// was given.
func (f *Func) mentionsParam(args []ast.Expr) bool {
	for _, a := range args {
		if p, ok := f.params[f.Object(a)]; ok && p.lit == nil && isString(f.TypeOf(a)) {
			return true
		}
	}
	return false
}

// AskedFor reports whether the variable's list came from a call that was given a
// list of names or numbers: it has one item for each.
func (f *Func) AskedFor(o types.Object, use ast.Node) bool {
	d := f.last(o, use.Pos())
	if d == nil || d.each || d.index > 0 {
		return false
	}
	call := callIn(d.rhs)
	if call == nil {
		return false
	}
	for _, a := range call.Args {
		if s, ok := f.TypeOf(a).Underlying().(*types.Slice); ok && IsBasic(s.Elem()) && !isBytes(s) {
			return true
		}
	}
	return false
}

// InChunks reports whether a range goes over a list at hand in chunks: what is asked
// for in each round is as much as is in the chunk.
func (f *Func) InChunks(r *ast.RangeStmt) bool {
	call := callIn(r.X)
	if call == nil {
		return false
	}
	fn := f.Callee(call)
	return fn != nil && fn.FullName() == "slices.Chunk"
}
