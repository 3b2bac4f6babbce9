package flow

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// HasReaderParam reports whether a literal is handed a stream.
func (f *Func) HasReaderParam(lit *ast.FuncLit) bool {
	for _, field := range lit.Type.Params.List {
		if t := f.TypeOf(field.Type); isReader(t) || isHTTP(t) {
			return true
		}
	}
	return false
}

// Outlives reports whether what the variable holds lives longer than a call:
// the receiver, a parameter, a package variable.
func (f *Func) Outlives(o types.Object) bool {
	p, ok := f.params[o]
	return ok && p.lit == nil || o.Parent() == f.Pkg.Pass.Pkg.Scope()
}

// OwnerIsLocal reports whether every call of the method in its package is of a variable
// that the caller made and keeps to itself, also through other methods: the owner is gone
// when that caller is. Others may call an exported method of an exported type.
func (f *Func) OwnerIsLocal() bool { return f.ownerIsLocal(maxHands) }

func (f *Func) ownerIsLocal(hands int) bool {
	if hands == 0 || f.Recv == nil || f.Obj == nil || f.callableElsewhere() {
		return false
	}
	sites := f.sitesOf()
	for _, site := range sites {
		o := site.Caller.Object(Receiver(site.Call))
		p, isParam := site.Caller.params[o]
		switch {
		case isParam && p.lit == nil && p.index < 0:
			if !site.Caller.ownerIsLocal(hands - 1) {
				return false
			}
		case o == nil, site.Caller.Outlives(o), site.Caller.leaks(o):
			return false
		}
	}
	return len(sites) > 0
}

// callableElsewhere reports whether another package can call the method.
func (f *Func) callableElsewhere() bool {
	return f.Pkg.Pass.Pkg.Name() != "main" && f.Obj.Exported() && token.IsExported(typeName(f.recvType()))
}

// leaks reports whether a variable is used in another way than through its fields and
// methods: returned, stored or handed to somebody.
func (f *Func) leaks(o types.Object) bool {
	leaks := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && f.Pkg.Info.Uses[id] == o {
			_, selects := f.Parent(id).(*ast.SelectorExpr)
			leaks = leaks || !selects
		}
		return !leaks
	})
	return leaks
}

// IsResult reports whether the variable is a named result.
func (f *Func) IsResult(o types.Object) bool {
	return f.Type.Results != nil && within(o.Pos(), f.Type.Results)
}

// DecodedWhole reports whether the variable was filled by one of the
// function's whole decodes of a stream that nothing bounds.
func (f *Func) DecodedWhole(o types.Object) bool {
	for _, s := range f.Sinks() {
		if !s.Stream.Hazard() || s.Place == PerItem {
			continue
		}
		for _, t := range append(s.Decodes, s.Target) {
			if t != nil && f.Root(t) == o && ShapeOf(f.TypeOf(t)) == Collection && !f.QuietType(t) {
				return true
			}
		}
	}
	return false
}

// QuietType reports whether the name of an expression's type, without its
// package, says that the value is small by nature.
func (f *Func) QuietType(e ast.Expr) bool {
	return Quiet(types.TypeString(f.TargetType(e), func(*types.Package) string { return "" }))
}

// TellsAbout reports whether the name of an expression's type says that the value
// tells about one thing.
func (f *Func) TellsAbout(e ast.Expr) bool {
	return strings.HasSuffix(typeName(deref(f.TargetType(e))), "Info")
}

// Static reports whether a range goes over a list that is in the source, or that was
// typed.
func (f *Func) Static(r *ast.RangeStmt) bool {
	if o := f.Object(r.X); o != nil {
		if _, isParam := f.params[o]; isParam {
			return f.FromCommandLine(o)
		}
	}
	return f.rangePlace(r) == PerFeed
}

// ReadsWithin reports whether a whole read or decode of a stream happens
// inside the node, or in a function of this package called there.
func (f *Func) ReadsWithin(n ast.Node, depth int) bool {
	for _, s := range f.Sinks() {
		if within(s.Call.Pos(), n) && (s.Stream.Hazard() || s.Stream.Kind == Item) {
			return true
		}
	}
	if depth == 0 {
		return false
	}
	for _, call := range f.Calls {
		if !within(call.Pos(), n) {
			continue
		}
		fn := f.Callee(call)
		if fn == nil {
			continue
		}
		if f.Pkg.SummaryOf(fn).Opens {
			return true
		}
		if g := f.Pkg.byObj[fn]; g != nil && g != f && g.opensAndReads(depth-1) {
			return true
		}
	}
	return false
}

// opensAndReads reports whether the function opens a stream and reads it.
func (f *Func) opensAndReads(depth int) bool {
	for _, s := range f.Sinks() {
		if s.Stream.Hazard() {
			return true
		}
	}
	return depth > 0 && f.ReadsWithin(f.Body, depth-1)
}

// TakesNext reports whether a for loop takes item after item from a stream:
// its head or body calls a Next, Scan, Read, Decode or Token of something made
// outside of the loop from a stream that nothing bounds.
func (f *Func) TakesNext(l *ast.ForStmt) (stream, pager bool) {
	_, stream, pager = f.takesNext(l)
	return stream, pager
}

// Next is the stream that a for loop takes item after item from.
func (f *Func) Next(l *ast.ForStmt) (Stream, bool) {
	s, ok, _ := f.takesNext(l)
	return s, ok
}

func (f *Func) takesNext(l *ast.ForStmt) (of Stream, stream, pager bool) {
	for _, call := range f.Calls {
		if !within(call.Pos(), l) {
			continue
		}
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !ok || !nextNames.MatchString(sel.Sel.Name) && !pagerNames.MatchString(sel.Sel.Name) || f.inLiteral(call, l) {
			continue
		}
		o := f.Root(sel.X)
		if o == nil || within(o.Pos(), l.Body) {
			continue
		}
		if s, made := f.MadeFrom(sel.X); made && s.Hazard() && s.Lit == nil {
			return s, true, false
		}
		if pagerNames.MatchString(sel.Sel.Name) && returnsPage(f, call) {
			pager = true
		}
	}
	return Stream{}, false, pager
}

func (f *Func) inLiteral(n ast.Node, below ast.Node) bool {
	for at := f.Parent(n); at != nil && at != below; at = f.Parent(at) {
		if _, ok := at.(*ast.FuncLit); ok {
			return true
		}
	}
	return false
}

// returnsPage tells a pager from a tokenizer: NextPage takes a context.
func returnsPage(f *Func, call *ast.CallExpr) bool {
	fn := f.Callee(call)
	if fn == nil {
		return false
	}
	ps := fn.Signature().Params()
	return ps.Len() > 0 && IsNamed(ps.At(0).Type(), "context", "Context") || fn.Name() == "HasMorePages" || fn.Name() == "HasNextPage"
}

// Pages reports whether a loop requests page after page: it reads something
// anew each time round, and does not merely try again.
func (f *Func) Pages(l *ast.ForStmt) bool {
	return (l.Post == nil || l.Cond == nil) && !f.retries(l) && f.ReadsWithin(l.Body, 2)
}

// PagesBack reports whether a literal is called back with page after page.
func (f *Func) PagesBack(lit *ast.FuncLit) bool {
	call, _ := f.takenBy(lit)
	if call == nil {
		return false
	}
	fn := f.Callee(call)
	return fn != nil && strings.HasSuffix(fn.Name(), "Pages")
}

// Counted reports whether the function is asked for a number of items or for
// one page, or asks its source for a number.
func (f *Func) Counted() bool {
	if f.Obj != nil && pageNames.MatchString(f.Obj.Name()) {
		return true
	}
	for _, field := range f.Type.Params.List {
		for _, id := range field.Names {
			if v := f.Pkg.Info.Defs[id]; v != nil && countsIn(v.Type(), id.Name) {
				return true
			}
		}
	}
	for _, call := range f.Calls {
		if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && (sel.Sel.Name == "SetLimit" || sel.Sel.Name == "SetBatchSize") && len(call.Args) == 1 {
			return true
		}
	}
	return false
}

// countsIn reports whether a parameter says how many items are wanted: an
// integer called so, or a struct of options that has one.
func countsIn(t types.Type, name string) bool {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsInteger != 0 && countNames.MatchString(name)
	case *types.Struct:
		names := countKeys // of any struct; options may use other words
		if optionNames.MatchString(typeName(t)) {
			names = countNames
		}
		for field := range u.Fields() {
			if b, ok := field.Type().Underlying().(*types.Basic); ok && b.Info()&types.IsInteger != 0 && names.MatchString(field.Name()) {
				return true
			}
			if _, isStruct := deref(field.Type()).Underlying().(*types.Struct); isStruct && field.Embedded() && optionNames.MatchString(field.Name()) && countsIn(field.Type(), "") {
				return true
			}
		}
	}
	return false
}
