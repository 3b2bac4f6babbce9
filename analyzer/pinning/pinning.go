package pinning

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Analyzer is the check.
var Analyzer = check.New(Doc, func(p *check.Pass) {
	p.Flow.Use(func(pkg *flow.Package) {
		for _, f := range pkg.Funcs {
			if readsWhole(f) && !f.Role().None() {
				inspect(p, f)
			}
		}
	})
})

// readsWhole saves the walk for the many functions that have no buffer to pin.
func readsWhole(f *flow.Func) bool {
	for _, s := range f.Sinks() {
		if !s.Decode && s.Stream.Hazard() && s.Place != flow.PerItem {
			return true
		}
	}
	return false
}

// inspect looks for parts stored in fields and as keys or values of maps.
func inspect(p *check.Pass, f *flow.Func) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if _, ok := f.TypeOf(n).Underlying().(*types.Struct); !ok {
				return true
			}
			for _, elt := range n.Elts {
				if kv, ok := elt.(*ast.KeyValueExpr); ok {
					elt = kv.Value
				}
				report(p, f, elt, "the unit")
			}
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if i >= len(n.Rhs) {
					break
				}
				assigned(p, f, l, n.Rhs[i])
			}
		}
		return true
	})
}

func assigned(p *check.Pass, f *flow.Func, l, r ast.Expr) {
	switch l := ast.Unparen(l).(type) {
	case *ast.SelectorExpr:
		report(p, f, r, types.ExprString(l))
	case *ast.IndexExpr:
		if _, ok := f.TypeOf(l.X).Underlying().(*types.Map); ok {
			report(p, f, l.Index, "a key of "+types.ExprString(l.X))
			report(p, f, r, "a value of "+types.ExprString(l.X))
		}
	}
}

func report(p *check.Pass, f *flow.Func, e ast.Expr, holder string) {
	if !flow.IsText(f.TypeOf(e)) {
		return
	}
	s, part := partOf(f, e, 0)
	if s == nil || !part || !s.Stream.Hazard() || s.Place == flow.PerItem {
		return
	}
	p.Report(check.Finding{
		At:      e,
		Message: fmt.Sprintf("%s keeps the whole of what %s read alive for a part of it; copy the part (first stage: %s %s)", holder, s.Name, f.Name, f.Role().Reason),
		Related: []analysis.RelatedInformation{check.Related(s.Call, "the buffer is filled here")},
		Fixes:   fix(p, f, e),
	})
}

// depth bounds the walk from a part back to its buffer.
const depth = 12

// partOf is the read whose buffer the expression shares, and whether it is
// only a part of it.
func partOf(f *flow.Func, e ast.Expr, n int) (*flow.Sink, bool) {
	if e == nil || n > depth {
		return nil, false
	}
	if s := f.WholeOf(e); s != nil && !cuts(f, e) {
		return s, false
	}
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		rhs, _, each := f.Value(f.Object(x), x.Pos())
		s, part := partOf(f, rhs, n+1)
		return s, part || each
	case *ast.SliceExpr:
		s, _ := partOf(f, x.X, n+1)
		return s, true
	case *ast.IndexExpr:
		s, _ := partOf(f, x.X, n+1)
		return s, true
	case *ast.CallExpr:
		return partOfCall(f, x, n)
	}
	return nil, false
}

// partOfCall sees through the functions whose result shares the bytes of an
// argument. A conversion of a part copies it.
func partOfCall(f *flow.Func, call *ast.CallExpr, n int) (*flow.Sink, bool) {
	fn := f.Callee(call)
	if fn == nil || len(call.Args) == 0 {
		return nil, false
	}
	switch {
	case flow.Cuts(fn):
		s, _ := partOf(f, call.Args[0], n+1)
		return s, true
	case strings.HasPrefix(fn.FullName(), "(*regexp.Regexp).Find"):
		s, _ := partOf(f, call.Args[0], n+1)
		return s, true
	}
	for _, i := range f.Pkg.SummaryOf(fn).Cuts {
		if i < len(call.Args) {
			s, _ := partOf(f, call.Args[i], n+1)
			return s, true
		}
	}
	return nil, false
}

// cuts reports whether the expression is itself a call that cuts.
func cuts(f *flow.Func, e ast.Expr) bool {
	switch x := ast.Unparen(e).(type) {
	case *ast.SliceExpr:
		return true
	case *ast.CallExpr:
		fn := f.Callee(x)
		return fn != nil && (flow.Cuts(fn) || len(f.Pkg.SummaryOf(fn).Cuts) > 0)
	case *ast.Ident:
		rhs, _, each := f.Value(f.Object(x), x.Pos())
		return each || rhs != nil && cuts(f, rhs)
	}
	return false
}

// fix wraps the part in a Clone. It is offered only where the package is
// imported under its own name, so that the edit is one expression.
func fix(p *check.Pass, f *flow.Func, e ast.Expr) []analysis.SuggestedFix {
	pkg := "bytes"
	t := f.TypeOf(e)
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsString != 0 {
		pkg = "strings"
	} else if _, ok := t.(*types.Slice); !ok {
		return nil // a named type: Clone would need a conversion
	}
	if !imports(p, e.Pos(), pkg) {
		return nil
	}
	return []analysis.SuggestedFix{{
		Message: "copy the part with " + pkg + ".Clone",
		TextEdits: []analysis.TextEdit{
			{Pos: e.Pos(), End: e.Pos(), NewText: []byte(pkg + ".Clone(")},
			{Pos: e.End(), End: e.End(), NewText: []byte(")")},
		},
	}}
}

// imports reports whether the file imports the package under its own name,
// and nothing at pos hides it.
func imports(p *check.Pass, pos token.Pos, pkg string) bool {
	scope := p.Pkg.Scope().Innermost(pos)
	if scope == nil {
		return false
	}
	_, obj := scope.LookupParent(pkg, pos)
	name, ok := obj.(*types.PkgName)
	return ok && name.Imported().Path() == pkg
}
