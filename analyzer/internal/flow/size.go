package flow

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// Guarded reports whether a size was compared before pos on the way to it: an
// if that leaves, or that the position is inside of, whose condition orders a
// size or length against something.
func (f *Func) Guarded(n ast.Node) bool {
	found := false
	ast.Inspect(f.Body, func(m ast.Node) bool {
		c, ok := m.(*ast.IfStmt)
		if !ok || found || c.Pos() > n.Pos() || !f.comparesSize(c.Cond) {
			return !found
		}
		found = within(n.Pos(), c.Body) || leaves(c.Body)
		return !found
	})
	return found
}

func (f *Func) comparesSize(cond ast.Expr) bool {
	found := false
	ast.Inspect(cond, func(n ast.Node) bool {
		b, ok := n.(*ast.BinaryExpr)
		if !ok {
			return true
		}
		switch b.Op {
		case token.LSS, token.LEQ, token.GTR, token.GEQ:
			found = found || f.isSize(b.X) && f.isBound(b.Y) || f.isSize(b.Y) && f.isBound(b.X)
		}
		return !found
	})
	return found
}

// isBound reports whether the expression can bound a size: a comparison with
// zero asks something else, and a constant above the largest bound is none.
func (f *Func) isBound(e ast.Expr) bool {
	n, ok := f.constant(e)
	return !ok || n > 0 && !tooLarge(n)
}

// isSize reports whether the expression is a size somebody announced:
// ContentLength, hdr.Size, info.Size(), and integers called size or length.
func (f *Func) isSize(e ast.Expr) bool {
	b, ok := f.TypeOf(e).Underlying().(*types.Basic)
	if _, isConst := f.constant(e); isConst || !ok || b.Info()&types.IsInteger == 0 {
		return false // a constant called maxSize is the bound
	}
	name := ""
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	case *ast.CallExpr:
		if sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr); ok {
			name = sel.Sel.Name
		} else if len(x.Args) == 1 {
			return f.isSize(x.Args[0]) // a conversion
		}
	}
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "size") || strings.HasSuffix(name, "length")
}

// leaves reports whether the block ends by leaving: return, break, continue.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}
