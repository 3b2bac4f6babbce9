package flow

import (
	"go/ast"
	"go/types"
)

// AsksOn reports whether what the sink reads is one page of more: the function
// asks for what follows by something that is in the answer. It calls itself again,
// looks for the Link header of RFC 8288, or sets in a loop what the next request
// is made with. The first page may be asked for above that loop.
func (f *Func) AsksOn(s *Sink) bool {
	if f.callsItself(s) || f.followsLinks(s) || f.setsCursor(s) {
		return true
	}
	for _, other := range f.Sinks() {
		if other != s && f.sameTargets(s, other) && f.setsCursor(other) {
			return true
		}
	}
	return false
}

// callsItself reports whether the function calls itself below the sink, outside of
// any loop: in one it goes down a tree.
func (f *Func) callsItself(s *Sink) bool {
	for _, call := range f.Calls {
		if f.Obj != nil && call.Pos() > s.Call.End() && f.Callee(call) == f.Obj && !f.inLoop(call) {
			return true
		}
	}
	return false
}

// followsLinks reports whether the function looks at the Link header of an answer.
func (f *Func) followsLinks(s *Sink) bool {
	if !s.Stream.HTTP && s.Stream.Kind != Remote {
		return false
	}
	for _, call := range f.Calls {
		if x := Receiver(call); x != nil && methodName(call) == "Get" && len(call.Args) == 1 &&
			f.text(call.Args[0]) == "Link" && IsNamed(f.TypeOf(x), "net/http", "Header") {
			return true
		}
	}
	return false
}

// setsCursor reports whether the loop around a sink sets, from what the sink
// filled, a scalar that it uses above the sink: the next round's request.
func (f *Func) setsCursor(s *Sink) bool {
	loop, body := f.Loop(s.Call)
	if _, ok := loop.(*ast.ForStmt); !ok {
		return false
	}
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || found || len(a.Lhs) != len(a.Rhs) {
			return !found
		}
		for i, l := range a.Lhs {
			o := f.Object(l)
			found = found || o != nil && IsBasic(o.Type()) && !within(o.Pos(), body) &&
				f.fromSink(a.Rhs[i], s) && f.usedBetween(o, loop, s.Call)
		}
		return !found
	})
	return found
}

// fromSink reports whether the expression has a part of what the sink filled.
func (f *Func) fromSink(e ast.Expr, s *Sink) bool {
	for _, t := range append(s.Decodes[:len(s.Decodes):len(s.Decodes)], s.Target) {
		if t != nil && f.Mentions(e, f.Root(t)) {
			return true
		}
	}
	return s.Result != nil && f.Mentions(e, s.Result)
}

// usedBetween reports whether the variable is used in the loop above the call's
// end.
func (f *Func) usedBetween(o types.Object, loop ast.Node, call *ast.CallExpr) bool {
	found := false
	ast.Inspect(loop, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Pos() < call.End() && f.Pkg.Info.Uses[id] == o
		return !found
	})
	return found
}

// sameTargets reports whether two sinks fill values of the same type.
func (f *Func) sameTargets(s, other *Sink) bool {
	return s.Target != nil && other.Target != nil && types.Identical(f.TargetType(s.Target), f.TargetType(other.Target))
}

// From how many calls on a helper is the transport of an API's client: a function
// that is given the whole address, and a method, which knows the rest of it.
const (
	apiFunctionCalls = 5
	apiMethodCalls   = 3
)

// AnswersAPI reports whether the sink is a call of an API client's transport, or
// reads what one opened: a function that decodes into whatever it is given, or a method
// that returns an answer, of another package, or one that this package calls often.
// Servers of such APIs answer in pages, and with one thing more often than with a list.
func (f *Func) AnswersAPI(s *Sink) bool {
	if s.Via != nil && s.Via.Decode && s.Via.To >= 0 {
		return s.Fn.Pkg() != f.Pkg.Pass.Pkg || f.Pkg.callsOften(s.Fn)
	}
	if s.Stream.Kind != Remote || s.Stream.Open == nil {
		return false
	}
	fn := f.Callee(s.Stream.Open)
	return fn != nil && fn.Signature().Recv() != nil && fn.Pkg() != nil && !isStdPath(fn.Pkg().Path()) && f.Pkg.callsOften(fn)
}

// OfClient reports whether the function is a method of an API's client: its receiver has
// what sends requests, and another of its methods reads an answer, too.
func (f *Func) OfClient() bool {
	if f.Obj == nil {
		return false
	}
	t := f.recvType()
	if !hasSender(t, clientDepth) {
		return false
	}
	for _, g := range f.Pkg.Funcs {
		if g == f || g.Obj == nil || !types.Identical(deref(g.recvType()), deref(t)) {
			continue
		}
		for _, s := range g.Sinks() {
			if s.Stream.Kind == Remote {
				return true
			}
		}
	}
	return false
}

// clientDepth is through how many structs the sender of a client's requests is looked for.
const clientDepth = 2

// hasSender reports whether a struct has a field that sends requests, as an http.Client
// does.
func hasSender(t types.Type, depth int) bool {
	s, ok := deref(t).Underlying().(*types.Struct)
	if !ok || depth == 0 {
		return false
	}
	for field := range s.Fields() {
		if sends(field.Type()) || hasSender(field.Type(), depth-1) {
			return true
		}
	}
	return false
}

// sends reports whether a type has a method Do that takes a request.
func sends(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "Do")
	fn, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	for p := range fn.Signature().Params().Variables() {
		if typeName(p.Type()) == "Request" {
			return true
		}
	}
	return false
}

// IsTransport reports whether the package itself calls the function as often as a client
// of an API calls what talks to its server.
func (f *Func) IsTransport() bool { return f.Obj != nil && f.Pkg.callsOften(f.Obj) }

// callsOften reports whether there are as many calls of the helper in the package as
// a client of an API makes.
func (p *Package) callsOften(fn *types.Func) bool {
	if p.calls == nil {
		p.calls = map[*types.Func]int{}
		for _, f := range p.Funcs {
			for _, call := range f.Calls {
				p.calls[f.Callee(call)]++
			}
		}
	}
	if fn.Signature().Recv() != nil {
		return p.calls[fn] >= apiMethodCalls
	}
	return p.calls[fn] >= apiFunctionCalls
}

// TakesMessage reports whether the sink is a call in a loop that names nothing to
// be read, of a method of what is open around the loop: each round takes the next
// message of one connection.
func (f *Func) TakesMessage(s *Sink) bool {
	loop, body := f.Loop(s.Call)
	x := Receiver(s.Call)
	if _, ok := loop.(*ast.ForStmt); !ok || x == nil || s.Via == nil {
		return false
	}
	for _, a := range s.Call.Args {
		if !IsNamed(f.TypeOf(a), "context", "Context") {
			return false
		}
	}
	root := f.Root(x)
	return root != nil && !within(root.Pos(), body)
}

// WalksNames reports whether the value is what the function's call of itself in the
// loop gave: with names alone it goes down a tree of folders.
func (f *Func) WalksNames(e ast.Expr, loop ast.Node) bool {
	call := callIn(e)
	if call == nil {
		if d := f.last(f.Object(e), e.Pos()); d != nil && !d.each {
			call = callIn(d.rhs)
		}
	}
	return call != nil && f.Obj != nil && within(call.Pos(), loop) && f.Callee(call) == f.Obj
}

// GivenRequest reports whether the function is handed the request that it sends:
// whoever made it knows how much is asked for.
func (f *Func) GivenRequest() bool {
	for _, field := range f.Type.Params.List {
		if IsNamed(f.TypeOf(field.Type), "net/http", "Request") {
			return !f.answers()
		}
	}
	return false
}
