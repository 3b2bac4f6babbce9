package flow

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/syncmem/syncmem/analyzer/internal/comment"
)

// summarizeBounds notes limiters: what is returned is a reader that ends.
func (f *Func) summarizeBounds(s *Summary) {
	results := f.Obj.Signature().Results()
	if results.Len() == 0 || !isReader(results.At(0).Type()) {
		return
	}
	if comment.HasVerb(f.Doc, comment.Limiter) {
		s.Bounded = true
		s.Limits = 1 + f.readerParam()
		return
	}
	bounded, seen := true, false
	f.returns(func(r *ast.ReturnStmt) {
		if len(r.Results) == 0 {
			bounded = false
			return
		}
		if f.Pkg.Info.Types[r.Results[0]].IsNil() {
			return
		}
		seen = true
		st := f.StreamOf(r.Results[0])
		bounded = bounded && st.Kind == Bounded
	})
	if !bounded || !seen {
		return
	}
	s.Bounded = true
	// Bounded by its own parameter: whether that is small is for the caller.
	if limitByParam(f) {
		s.Bounded, s.Limits = false, 1+f.readerParam()
	}
}

func (f *Func) readerParam() int {
	ps := f.Obj.Signature().Params()
	for i := range ps.Len() {
		if isReader(ps.At(i).Type()) {
			return i
		}
	}
	return 0
}

func limitByParam(f *Func) bool {
	ps := f.Obj.Signature().Params()
	for i := range ps.Len() {
		if b, ok := ps.At(i).Type().Underlying().(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
			return true
		}
	}
	return false
}

// limiterType reports whether values of the type end a stream: by directive on
// the type, by name with an integer field, or because its Read method compares
// and lowers an integer field.
func (p *Package) limiterType(t types.Type) bool {
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if IsNamed(t, "io", "LimitedReader") || IsNamed(t, "io", "SectionReader") {
		return true
	}
	if !isReader(types.NewPointer(t)) {
		return false
	}
	if n, ok := types.Unalias(t).(*types.Named); ok && p.marked(n.Obj()) {
		return true
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok || !limitNames.MatchString(typeName(t)) && !p.SummaryOf(readMethod(types.NewPointer(t)).Origin()).Bounded {
		return false
	}
	for field := range st.Fields() {
		if b, ok := field.Type().Underlying().(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
			return true
		}
	}
	return false
}

func (f *Func) recvType() types.Type {
	if r := f.Obj.Signature().Recv(); r != nil {
		return r.Type()
	}
	return types.Typ[types.Invalid]
}

// lowersField reports whether the function, a Read method, both compares and
// lowers one of its receiver's fields: that is how a limiter counts.
func (f *Func) lowersField() bool {
	lowered := map[types.Object]bool{}
	compared := map[types.Object]bool{}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.SUB_ASSIGN {
				lowered[f.field(n.Lhs[0])] = true
			}
		case *ast.BinaryExpr:
			switch n.Op {
			case token.LSS, token.LEQ, token.GTR, token.GEQ, token.EQL:
				compared[f.field(n.X)] = true
				compared[f.field(n.Y)] = true
			}
		}
		return true
	})
	for o := range lowered {
		if o != nil && compared[o] {
			return true
		}
	}
	return false
}

// field is the field a selector names, or nil.
func (f *Func) field(e ast.Expr) types.Object {
	if sel, ok := ast.Unparen(e).(*ast.SelectorExpr); ok {
		return f.Pkg.Info.Uses[sel.Sel]
	}
	return nil
}
