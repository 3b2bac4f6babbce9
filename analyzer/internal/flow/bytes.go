package flow

import (
	"go/ast"
)

// wholeOf is the sink that filled the bytes, string or buffer, or nil.
func (f *Func) wholeOf(e ast.Expr, depth int) *Sink {
	if e == nil || depth > maxDepth {
		return nil
	}
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		return f.filled(x, depth)
	case *ast.UnaryExpr:
		return f.wholeOf(x.X, depth+1)
	case *ast.SliceExpr:
		return f.wholeOf(x.X, depth+1)
	case *ast.CallExpr:
		for _, s := range f.sinks {
			if s.Call == x {
				return s
			}
		}
		if sel := Receiver(x); sel != nil && isBuffer(f.TypeOf(sel)) {
			return f.wholeOf(sel, depth+1)
		}
		// Conversions, bytes.TrimSpace(b), strings.NewReader(s): the same bytes.
		if len(x.Args) > 0 && (IsText(f.TypeOf(x.Args[0])) || isReader(f.TypeOf(x.Args[0]))) && f.sameBytes(x) {
			return f.wholeOf(x.Args[0], depth+1)
		}
	}
	return nil
}

func (f *Func) filled(id *ast.Ident, depth int) *Sink {
	o := f.Object(id)
	var found *Sink
	for _, s := range f.fill[o] {
		if s.Call.Pos() < id.Pos() {
			found = s
		}
	}
	if found != nil {
		return found
	}
	if d := f.last(o, id.Pos()); d != nil && !d.each && d.index <= 0 {
		return f.wholeOf(d.rhs, depth+1)
	}
	return nil
}

// sameBytes reports whether the call's result shares or repeats the bytes of
// its first argument.
func (f *Func) sameBytes(call *ast.CallExpr) bool {
	if tv, ok := f.Pkg.Info.Types[call.Fun]; ok && tv.IsType() {
		return true
	}
	fn := f.Callee(call)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	switch fn.Pkg().Path() {
	case "bytes", "strings":
		return true
	}
	return false
}

// WholeOf is the sink that filled the bytes, string or buffer, or nil.
func (f *Func) WholeOf(e ast.Expr) *Sink {
	f.Sinks()
	return f.wholeOf(e, 0)
}
