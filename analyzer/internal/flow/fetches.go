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
// a parameter points to. Of strings only what was read counts: a piece of it, as
// one line of a file, is no stream's worth.
func (f *Func) gives() bool {
	sig := f.Obj.Signature()
	for i := range sig.Results().Len() {
		t := sig.Results().At(i).Type()
		if !IsError(t) && !IsBasic(t) || isString(t) && f.givesText(i) {
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

// givesText reports whether a result is text that was read, or that a function
// gave which reads it.
func (f *Func) givesText(index int) bool {
	given := false
	f.returns(func(r *ast.ReturnStmt) {
		switch {
		case len(r.Results) == 1 && index < f.Obj.Signature().Results().Len(): // return fetch(url)
			given = given || f.readText(r.Results[0])
		case index < len(r.Results):
			given = given || f.readText(r.Results[index])
		default:
			given = true // a named result: nobody looks what is in it
		}
	})
	return given
}

func (f *Func) readText(e ast.Expr) bool {
	if f.WholeOf(e) != nil {
		return true
	}
	for range maxDepth {
		switch x := ast.Unparen(e).(type) {
		case *ast.CallExpr:
			if f.Fetches(x) {
				return true
			}
			if len(x.Args) != 1 || !f.sameBytes(x) {
				return false
			}
			e = x.Args[0]
		case *ast.Ident:
			d := f.last(f.Object(x), x.Pos())
			if d == nil || d.each {
				return false
			}
			e = d.rhs
		default:
			return false
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
	if fn == nil || !f.Pkg.SummaryOf(fn).Fetches || ShapeOf(o.Type()) != Collection || f.asksForPage(call) || handles(o.Type()) {
		return nil
	}
	return call
}

// handles reports whether the type is a list of what is open.
func handles(t types.Type) bool {
	s, ok := t.Underlying().(*types.Slice)
	return ok && IsHandle(s.Elem())
}

// asksForPage reports whether a call is given options that say how many items it
// is to fetch.
func (f *Func) asksForPage(call *ast.CallExpr) bool {
	for _, a := range call.Args {
		if t := f.TypeOf(a); !IsBasic(t) && (countsIn(t, "") || hasPageSize(t, shapeDepth)) {
			return true
		}
	}
	return false
}

// hasPageSize reports whether a struct, or one embedded in it, has the size of a
// page.
func hasPageSize(t types.Type, depth int) bool {
	s, ok := deref(t).Underlying().(*types.Struct)
	if !ok || depth == 0 {
		return false
	}
	for field := range s.Fields() {
		if IsBasic(field.Type()) && countKeys.MatchString(field.Name()) || field.Embedded() && hasPageSize(field.Type(), depth-1) {
			return true
		}
	}
	return false
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

// FilesAbove reports whether the variable's list was filled above the node by a call
// that lists the files of a folder.
func (f *Func) FilesAbove(o types.Object, n ast.Node) bool {
	d := f.last(o, n.Pos())
	if d == nil || d.each {
		return false
	}
	call := callIn(d.rhs)
	return call != nil && f.Callee(call) != nil && fileLists[f.Callee(call).FullName()]
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
		return f.variableFetchedIn(x, inside, depth)
	case *ast.UnaryExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.StarExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.SelectorExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.SliceExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.IndexExpr:
		return f.fetchedIn(x.X, inside, depth+1)
	case *ast.TypeAssertExpr:
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
		return within(x.Pos(), inside) && f.callFetches(x, inside, depth)
	}
	return false
}

// callFetches reports whether a call gives what it fetches, or what is made of
// something that was fetched.
func (f *Func) callFetches(call *ast.CallExpr, inside ast.Node, depth int) bool {
	if f.Fetches(call) || f.sinkAt(call) {
		return true
	}
	for _, a := range call.Args {
		if f.fetchedIn(a, inside, depth+1) {
			return true
		}
	}
	x := Receiver(call)
	return x != nil && f.fetchedIn(x, inside, depth+1)
}

// sinkAt reports whether a call reads a stream whole.
func (f *Func) sinkAt(call *ast.CallExpr) bool {
	for _, s := range f.Sinks() {
		if s.Call == call && s.Stream.Kind >= Item {
			return true
		}
	}
	return false
}

func (f *Func) variableFetchedIn(id *ast.Ident, inside ast.Node, depth int) bool {
	o := f.Object(id)
	d := f.last(o, id.Pos())
	switch {
	case d == nil || !within(d.at-1, inside):
	case d.each && isString(o.Type()): // one name of a listing is a key
	case d.each, d.index <= 0:
		if f.fetchedIn(d.rhs, inside, depth+1) {
			return true
		}
	}
	return f.filledIn(o, inside, depth)
}

// filledIn reports whether a call inside of the node fetches into the variable,
// do(request, &v), or decodes into it what was fetched there, parse(b, &v).
func (f *Func) filledIn(o types.Object, inside ast.Node, depth int) bool {
	if o == nil {
		return false
	}
	for _, s := range f.Sinks() {
		if !within(s.Call.Pos(), inside) || s.Stream.Kind < Item {
			continue
		}
		for _, t := range append(s.Decodes[:len(s.Decodes):len(s.Decodes)], s.Target) {
			if t != nil && f.Root(t) == o {
				return true
			}
		}
	}
	for _, call := range f.Calls {
		if !within(call.Pos(), inside) || !f.givenTo(o, call) {
			continue
		}
		for _, a := range call.Args {
			if !f.given(a, o) && f.fetchedIn(a, inside, depth+1) {
				return true
			}
		}
		if x := Receiver(call); x != nil && f.Object(x) != o && f.fetchedIn(x, inside, depth+1) {
			return true
		}
	}
	return false
}

// givenTo reports whether a call is given the variable's address.
func (f *Func) givenTo(o types.Object, call *ast.CallExpr) bool {
	for _, a := range call.Args {
		if u, ok := ast.Unparen(a).(*ast.UnaryExpr); ok && f.Object(u.X) == o {
			return true
		}
	}
	return false
}
