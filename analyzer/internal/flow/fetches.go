package flow

import (
	"go/ast"
	"go/types"
)

// Parse is a decode inside a function of bytes that its caller passed.
type Parse struct {
	Bytes  int // the parameter that is the bytes
	To     int // what is filled: a parameter, or result minus the result's index
	Format string
}

// summarizeFetches notes what the function gives its caller of a stream that
// it opens itself, or that a function it calls opens.
func (f *Func) summarizeFetches(s *Summary) {
	if f.gives() && f.fetches() {
		s.Fetches = true
	}
}

// gives reports whether the caller gets more than an error: a result, or what
// a parameter points to.
func (f *Func) gives() bool {
	sig := f.Obj.Signature()
	for r := range sig.Results().Variables() {
		if !IsError(r.Type()) && !IsBasic(r.Type()) || isString(r.Type()) {
			return true
		}
	}
	for p := range sig.Params().Variables() {
		switch u := p.Type().Underlying().(type) {
		case *types.Interface:
			if u.Empty() {
				return true
			}
		case *types.Signature:
			return true
		}
	}
	return false
}

// fetches reports whether the function opens a stream, or calls one that does
// and that gives it something of it.
func (f *Func) fetches() bool {
	for _, s := range f.Sinks() {
		if s.Stream.Kind >= Local && s.Stream.Lit == nil {
			return true
		}
	}
	for _, call := range f.Calls {
		if f.Fetches(call) {
			return true
		}
	}
	return false
}

// Fetches reports whether a call opens a stream, here or further down, and
// gives back something of it.
func (f *Func) Fetches(call *ast.CallExpr) bool {
	fn := f.Callee(call)
	if fn == nil {
		return false
	}
	return openers[fn.FullName()] || f.opensStream(call) || f.lists(call, fn) || f.Pkg.SummaryOf(fn).Fetches
}

// Gathered is the call that the variable's list came from when that call
// fetched all of it, or nil.
func (f *Func) Gathered(o types.Object, use ast.Node) *ast.CallExpr {
	d := f.last(o, use.Pos())
	if d == nil || d.each || d.index > 0 {
		return nil
	}
	call, ok := ast.Unparen(d.rhs).(*ast.CallExpr)
	if !ok {
		return nil
	}
	fn := f.Callee(call)
	if fn == nil || !f.Pkg.SummaryOf(fn).Fetches || ShapeOf(o.Type()) != Collection {
		return nil
	}
	return call
}

// FetchedAbove reports whether the variable's list was filled above the node by a
// whole decode of a stream, or by a call that fetched it or was given the stream
// that the function opened.
func (f *Func) FetchedAbove(o types.Object, n ast.Node) bool {
	if f.DecodedWhole(o) {
		return true
	}
	d := f.last(o, n.Pos())
	if d == nil || d.each || d.index > 0 {
		return false
	}
	call := callIn(d.rhs)
	if call == nil {
		return false
	}
	if fn := f.Callee(call); fn != nil && f.Pkg.SummaryOf(fn).Fetches {
		return true
	}
	for _, a := range call.Args {
		if isReader(f.TypeOf(a)) && f.StreamOf(a).Kind == Remote {
			return true
		}
	}
	return false
}

// FetchedIn reports whether the value is what a call inside of the node
// fetched, or has it as a part.
func (f *Func) FetchedIn(e ast.Expr, inside ast.Node) bool { return f.fetchedIn(e, inside, 0) }

func (f *Func) fetchedIn(e ast.Expr, inside ast.Node, depth int) bool {
	if e == nil || depth > maxDepth {
		return false
	}
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		d := f.last(f.Object(x), x.Pos())
		if d == nil || !within(d.at-1, inside) {
			return f.filledIn(f.Object(x), inside)
		}
		return d.index <= 0 && f.fetchedIn(d.rhs, inside, depth+1) || f.filledIn(f.Object(x), inside)
	case *ast.UnaryExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.StarExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.SelectorExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.SliceExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.CompositeLit:
		for _, elt := range x.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				elt = kv.Value
			}
			if f.fetchedIn(elt, inside, depth+1) {
				return true
			}
		}
	case *ast.CallExpr:
		if !within(x.Pos(), inside) {
			return false
		}
		if fn := f.Callee(x); fn != nil && f.Pkg.SummaryOf(fn).Fetches {
			return true
		}
		for _, a := range x.Args {
			if f.fetchedIn(a, inside, depth+1) {
				return true
			}
		}
	}
	return false
}

// filledIn reports whether a call inside of the node fetches into the
// variable: do(request, &v).
func (f *Func) filledIn(o types.Object, inside ast.Node) bool {
	if o == nil {
		return false
	}
	for _, s := range f.Sinks() {
		if s.Target != nil && within(s.Call.Pos(), inside) && f.Root(s.Target) == o && s.Stream.Kind >= Item {
			return true
		}
	}
	return false
}
