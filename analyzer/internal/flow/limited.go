package flow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Cut says what is done with a document that a limiter may have cut without
// anybody noticing: "decoded", "written on", or "" when nothing is, or when
// the code finds out that the limit was reached.
func (f *Func) Cut(s *Sink) string {
	limit, ok := s.Stream.Limit.(*ast.CallExpr)
	if !ok || len(limit.Args) != 2 || f.findsOut(limit, s) {
		return ""
	}
	if s.Decode || len(s.Decodes) > 0 {
		if f.ofRequest(limit.Args[0]) {
			return "" // whoever sent it is told that it does not parse
		}
		return "decoded"
	}
	if s.Result != nil {
		return f.usedWhole(s.Result)
	}
	for _, site := range f.sitesOf() {
		if what := site.Caller.cutUse(site.Call); what != "" {
			return what
		}
	}
	return ""
}

// ToldCut reports whether a document that was cut does not parse, and nothing else is
// done with it: then somebody is told, if not why.
func (f *Func) ToldCut(s *Sink) bool {
	return (s.Decode || len(s.Decodes) > 0) && endFormats[s.Format] && (s.Result == nil || !f.writes(s.Result))
}

// endFormats are those of documents whose decoder knows where they end.
var endFormats = map[string]bool{"json": true, "xml": true, "gob": true, "cbor": true, "msgpack": true}

// ofRequest reports whether the expression is the body of a request to a server.
func (f *Func) ofRequest(e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	return ok && f.isRequest(sel.X)
}

// sitesOf are the calls of the function in its package.
func (f *Func) sitesOf() []Site {
	if f.Obj == nil {
		return nil
	}
	return f.Pkg.sites[f.Obj]
}

// cutUse is what a caller does with the bytes that a call returns.
func (f *Func) cutUse(call *ast.CallExpr) string {
	o := f.takes(call, 0)
	if o == nil {
		return ""
	}
	if f.comparesLen(o) {
		return ""
	}
	f.Sinks()
	for _, s := range f.sinks {
		if s.Call == call && len(s.Decodes) > 0 {
			return "decoded"
		}
	}
	return f.usedWhole(o)
}

// usedWhole is what the function does with bytes as if they were all there.
func (f *Func) usedWhole(o types.Object) string {
	for _, call := range f.Calls {
		if data, target := f.unmarshals(call); target != nil && f.bytesOf(data) == o {
			return "decoded"
		}
	}
	if f.writes(o) {
		return "written on"
	}
	return ""
}

// writes reports whether the bytes of the variable are given to a Write method.
func (f *Func) writes(o types.Object) bool {
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn != nil && fn.Name() == "Write" && fn.Signature().Recv() != nil && len(call.Args) == 1 && f.Object(call.Args[0]) == o {
			return true
		}
	}
	return false
}

// findsOut reports whether the limit is one more than what is allowed, or the
// length of what was read, or what is left of the limit, is looked at.
func (f *Func) findsOut(limit *ast.CallExpr, s *Sink) bool {
	if b, ok := ast.Unparen(limit.Args[1]).(*ast.BinaryExpr); ok && b.Op == token.ADD {
		return true
	}
	return s.Result != nil && f.comparesLen(s.Result)
}

// comparesLen reports whether len(o), or o.Len(), is compared.
func (f *Func) comparesLen(o types.Object) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		b, ok := n.(*ast.BinaryExpr)
		if !ok || found {
			return !found
		}
		switch b.Op {
		case token.LSS, token.LEQ, token.GTR, token.GEQ, token.EQL, token.NEQ:
			found = f.lenOf(b.X) == o && !f.isZero(b.Y) || f.lenOf(b.Y) == o && !f.isZero(b.X)
		}
		return !found
	})
	return found
}

func (f *Func) isZero(e ast.Expr) bool {
	n, ok := f.constant(e)
	return ok && n == 0
}

// lenOf is x of len(x), x.Len() or a conversion of one.
func (f *Func) lenOf(e ast.Expr) types.Object {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return nil
	}
	if methodName(call) == "Len" {
		return f.Object(Receiver(call))
	}
	if len(call.Args) != 1 {
		return nil
	}
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok && id.Name == "len" {
		return f.Object(call.Args[0])
	}
	return f.lenOf(call.Args[0])
}
