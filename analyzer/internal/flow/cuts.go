package flow

import (
	"go/ast"
	"go/types"
	"slices"
)

// cutNames are the functions whose result is a part of their argument, with
// the same bytes below.
var cutNames = func() map[string]bool {
	all := map[string]bool{"path.Base": true, "path/filepath.Base": true}
	for _, fn := range []string{
		"Cut", "CutPrefix", "CutSuffix", "Fields", "FieldsFunc", "FieldsSeq", "Lines", "Split", "SplitAfter", "SplitN", "SplitSeq",
		"Trim", "TrimFunc", "TrimLeft", "TrimPrefix", "TrimRight", "TrimSpace", "TrimSuffix",
	} {
		all["strings."+fn], all["bytes."+fn] = true, true
	}
	return all
}()

// Cuts reports whether the function of the standard library returns a part of
// its first argument.
func Cuts(fn *types.Func) bool { return cutNames[fn.FullName()] }

// summarizeCuts notes the parameters of text that the function returns a part
// of.
func (f *Func) summarizeCuts(s *Summary) {
	f.returns(func(r *ast.ReturnStmt) {
		for _, e := range r.Results {
			if p, part := f.cutFrom(e, 0); part && !slices.Contains(s.Cuts, p) && IsText(f.TypeOf(e)) {
				s.Cuts = append(s.Cuts, p)
			}
		}
	})
	slices.Sort(s.Cuts)
}

// cutFrom is the parameter whose bytes the expression shares, and whether it
// is a part of them.
func (f *Func) cutFrom(e ast.Expr, depth int) (int, bool) {
	if e == nil || depth > maxDepth {
		return 0, false
	}
	switch x := ast.Unparen(e).(type) {
	case *ast.SliceExpr:
		return f.partFrom(x.X, depth)
	case *ast.IndexExpr:
		return f.partFrom(x.X, depth)
	case *ast.CallExpr:
		fn := f.Callee(x)
		if fn != nil && Cuts(fn) && len(x.Args) > 0 {
			return f.partFrom(x.Args[0], depth)
		}
	case *ast.Ident:
		if d := f.last(f.Object(x), x.Pos()); d != nil && (d.each || d.index <= 0) {
			if d.each {
				return f.partFrom(d.rhs, depth)
			}
			return f.cutFrom(d.rhs, depth+1)
		}
	}
	return 0, false
}

// partFrom is cutFrom of what is cut: a parameter itself will do.
func (f *Func) partFrom(e ast.Expr, depth int) (int, bool) {
	if o := f.Object(e); o != nil && f.last(o, e.Pos()) == nil {
		p, ok := f.params[o]
		return p.index, ok && p.lit == nil && p.index >= 0 && IsText(o.Type())
	}
	return f.cutFrom(e, depth+1)
}
