package flow

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// Quiet reports whether a name says that the thing is small by nature.
func Quiet(name string) bool { return quietText.MatchString(name) }

// Quiet reports whether the function's own name says so, or its package is one of
// settings. What its receiver is called does not: a Config is what says where to
// fetch from.
func (f *Func) Quiet() bool {
	return Quiet(f.ownName()) || settingPaths.MatchString(f.Pkg.Pass.Pkg.Path())
}

// Small reports whether the function's own name says that what it fetches is one
// small thing.
func (f *Func) Small() bool { return smallText.MatchString(f.ownName()) }

// GivenSmall reports whether the stream is a parameter whose name says that it is
// one small thing.
func (f *Func) GivenSmall(s Stream) bool {
	if s.Kind != FromParam {
		return false
	}
	for o, p := range f.params {
		if p.lit == nil && p.index == s.Param && (Quiet(o.Name()) || smallText.MatchString(o.Name())) {
			return true
		}
	}
	return false
}

func (f *Func) ownName() string { return f.Name[strings.LastIndex(f.Name, ".")+1:] }

// QuietArgs reports whether a call's arguments say so.
func QuietArgs(call *ast.CallExpr) bool {
	found := false
	for _, a := range call.Args {
		ast.Inspect(a, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.BasicLit:
				found = found || n.Kind == token.STRING && Quiet(n.Value)
			case *ast.Ident:
				found = found || Quiet(n.Name)
			}
			return !found
		})
	}
	return found
}

// IsParam reports whether the expression is one of the function's parameters.
func (f *Func) IsParam(e ast.Expr) bool {
	_, ok := f.params[f.Object(e)]
	return ok
}

// ReturnsAll reports whether a result holds many things.
func (f *Func) ReturnsAll() bool {
	if f.Type.Results == nil {
		return false
	}
	for _, field := range f.Type.Results.List {
		if t := f.TypeOf(field.Type); !IsError(t) && ShapeOf(t) >= Names {
			return true
		}
	}
	return false
}

// Returned reports whether the bytes of a sink are what the function returns.
func (f *Func) Returned(s *Sink) bool {
	_, ok := f.destination(s)
	return ok
}

// DecodesAsAsked reports whether the function decodes into what its caller chose: a
// parameter of any type, or a value of its own type parameter. Whether that has every
// item is known where it is called.
func (f *Func) DecodesAsAsked() bool {
	for _, call := range f.Calls {
		if len(call.Args) == 0 || !decodeNames.MatchString(methodName(call)) {
			continue
		}
		target := call.Args[len(call.Args)-1]
		if p, ok := f.params[f.Object(target)]; ok && p.lit == nil && p.index >= 0 && ShapeOf(f.TypeOf(target)) == Any {
			return true
		}
		if u, ok := ast.Unparen(target).(*ast.UnaryExpr); ok {
			target = u.X
		}
		if _, generic := types.Unalias(f.TypeOf(target)).(*types.TypeParam); generic {
			return true
		}
	}
	return false
}

// CallersDecodeSmall reports whether the function is called in its package, and
// each caller decodes what it returns into a document without a list.
func (f *Func) CallersDecodeSmall() bool {
	sites := f.sitesOf()
	for _, site := range sites {
		small := false
		for _, s := range site.Caller.Sinks() {
			if s.Call != site.Call || len(s.Decodes) == 0 {
				continue
			}
			small = true
			for _, t := range s.Decodes {
				small = small && ShapeOf(site.Caller.TargetType(t)) == Single
			}
		}
		if !small {
			return false
		}
	}
	return len(sites) > 0
}

// OnlyInErrors reports whether the bytes end in error messages and logs alone,
// or nowhere.
func (f *Func) OnlyInErrors(s *Sink) bool {
	if s.Result == nil {
		return f.talks(s.Call)
	}
	uses, quiet := 0, 0
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && f.Pkg.Info.Uses[id] == s.Result && id.Pos() > s.Call.End() {
			uses++
			if f.talks(id) {
				quiet++
			}
		}
		return true
	})
	return uses == quiet
}

// talks reports whether the node is inside a call that makes an error or a log
// line.
func (f *Func) talks(n ast.Node) bool {
	return f.Inside(n, func(at ast.Node) bool {
		call, ok := at.(*ast.CallExpr)
		if !ok {
			return false
		}
		fn := f.Callee(call)
		if fn == nil {
			return false
		}
		return talkNames.MatchString(fn.Name()) || fn.Name() == "New" && returnsOnlyError(fn)
	})
}

func returnsOnlyError(fn *types.Func) bool {
	r := fn.Signature().Results()
	return r.Len() == 1 && IsError(r.At(0).Type())
}

// UsesEach reports whether what the variable holds is gone through item by
// item to build or hand on something else, is returned as a list, or is passed
// on as one.
func (f *Func) UsesEach(o types.Object) bool { return f.usesEach(o, true) }

// usesEach also looks into the functions of the package that are given the
// variable, one call deep.
func (f *Func) usesEach(o types.Object, deeper bool) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			found = found || f.Root(n.X) == o && f.manyIn(n.X) && f.collects(n.Body) && (f.ReturnsAll() || f.handsOnIn(n.Body))
		case *ast.ReturnStmt:
			for _, r := range n.Results {
				found = found || f.listOf(r, o)
			}
		case *ast.CallExpr:
			for i, a := range n.Args {
				found = found || f.listOf(a, o) && !f.measures(n) && (f.ReturnsAll() || f.HandsOn(n))
				found = found || deeper && f.given(a, o) && f.calleeUsesEach(n, i)
			}
		}
		return !found
	})
	return found
}

// HandsEachOf reports whether a range over what the variable holds hands on its
// items.
func (f *Func) HandsEachOf(o types.Object) bool {
	return f.handsEachOf(o, func(r *ast.RangeStmt) bool { return f.handsOnIn(r.Body) })
}

func (f *Func) handsEachOf(o types.Object, in func(*ast.RangeStmt) bool) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if r, ok := n.(*ast.RangeStmt); ok && f.Root(r.X) == o && f.manyIn(r.X) {
			found = found || in(r)
		}
		return !found
	})
	return found
}

// given reports whether an argument is the variable or its address.
func (f *Func) given(a ast.Expr, o types.Object) bool {
	if u, ok := ast.Unparen(a).(*ast.UnaryExpr); ok {
		a = u.X
	}
	return f.Object(a) == o
}

func (f *Func) calleeUsesEach(call *ast.CallExpr, index int) bool {
	g := f.Pkg.byObj[f.Callee(call)]
	if g == nil || g == f {
		return false
	}
	for o, p := range g.params {
		if p.lit == nil && p.index == index {
			return g.usesEach(o, false)
		}
	}
	return false
}

// InPieces reports whether the bytes of a sink are gone through by hand: read
// again as a stream or an archive, or split.
func (f *Func) InPieces(s *Sink) bool {
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil || len(call.Args) == 0 || f.wholeOf(call.Args[0], 0) != s {
			continue
		}
		if memory[fn.FullName()] || pieceNames.MatchString(fn.FullName()) {
			return true
		}
	}
	return false
}

// MadeInto reports whether things are made of the bytes of a sink: they are gone
// through, taken apart, or handed to a call that gives more than text and numbers.
// What a sink gives that is no text is a document already.
func (f *Func) MadeInto(s *Sink) bool {
	if s.Result == nil || !IsText(s.Result.Type()) && !isBuffer(s.Result.Type()) || f.InPieces(s) {
		return true
	}
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			found = found || f.wholeOf(n.X, 0) == s
		case *ast.CallExpr:
			for _, a := range n.Args {
				found = found || f.wholeOf(a, 0) == s && !givesScalar(f.TypeOf(n)) && !f.talks(a)
			}
		}
		return !found
	})
	return found
}

// givesScalar reports whether the first result of a call is text or a number.
func givesScalar(t types.Type) bool {
	if tup, ok := t.(*types.Tuple); ok && tup.Len() > 0 {
		t = tup.At(0).Type()
	}
	return IsBasic(t) || IsText(t)
}

// listOf reports whether e is a list inside of what o holds.
func (f *Func) listOf(e ast.Expr, o types.Object) bool {
	switch ast.Unparen(e).(type) {
	case *ast.SelectorExpr, *ast.IndexExpr, *ast.SliceExpr:
		return f.Root(e) == o && f.manyIn(e)
	}
	return false
}

func (f *Func) manyIn(e ast.Expr) bool {
	switch f.TypeOf(e).Underlying().(type) {
	case *types.Slice, *types.Map:
		return ShapeOf(f.TypeOf(e)) == Collection
	}
	return false
}

// measures are calls that only look: len, cap, sorting.
func (f *Func) measures(call *ast.CallExpr) bool {
	switch types.ExprString(call.Fun) {
	case "len", "cap", "sort.Slice", "sort.SliceStable", "slices.SortFunc":
		return true
	}
	return false
}

// collects reports whether a loop's body adds to a collection outside of it,
// or sends.
func (f *Func) collects(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SendStmt:
			found = true
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if o := f.Root(l); o != nil && !within(o.Pos(), body) && f.grows(n) {
					found = true
				}
			}
		case *ast.CallExpr:
			if _, ok := f.funcParam(n.Fun); ok || f.HandsOn(n) {
				found = true
			}
		}
		return !found
	})
	return found
}

func (f *Func) handsOnIn(body *ast.BlockStmt) bool {
	found := f.savesIn(body)
	ast.Inspect(body, func(n ast.Node) bool {
		_, sends := n.(*ast.SendStmt)
		found = found || sends
		return !found
	})
	return found
}

// handsItem reports whether the body saves something, calls back, or sends the items themselves: to send what is made of
// an item is what workers and exporters do, too.
func (f *Func) handsItem(r *ast.RangeStmt) bool {
	found := f.savesIn(r.Body)
	ast.Inspect(r.Body, func(n ast.Node) bool {
		if send, ok := n.(*ast.SendStmt); ok {
			ix, indexed := ast.Unparen(send.Value).(*ast.IndexExpr)
			found = found || f.RefersTo(send.Value, f.Object(r.Value)) || indexed && f.Root(ix.X) == f.Root(r.X)
		}
		return !found
	})
	return found
}

// savesIn is handsOnIn but for sends.
func (f *Func) savesIn(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			_, isParam := f.funcParam(call.Fun)
			found = found || isParam || f.HandsOn(call)
		}
		return !found
	})
	return found
}

// grows reports whether the assignment appends or stores into a map.
func (f *Func) grows(a *ast.AssignStmt) bool {
	for i, l := range a.Lhs {
		if ix, ok := ast.Unparen(l).(*ast.IndexExpr); ok {
			if _, ok := f.TypeOf(ix.X).Underlying().(*types.Map); ok {
				return true
			}
		}
		if i < len(a.Rhs) && f.isAppend(a.Rhs[i]) {
			return true
		}
	}
	return false
}

func (f *Func) isAppend(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return false
	}
	_, builtin := f.Pkg.Info.Uses[id].(*types.Builtin)
	return builtin && id.Name == "append"
}

// Append is the arguments of e when it is a call of the builtin append.
func (f *Func) Append(e ast.Expr) ([]ast.Expr, bool) {
	if !f.isAppend(e) {
		return nil, false
	}
	call := ast.Unparen(e).(*ast.CallExpr)
	return call.Args, true
}
