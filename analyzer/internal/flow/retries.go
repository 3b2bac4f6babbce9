package flow

import (
	"go/ast"
	"go/token"
)

// retries reports whether a loop repeats one request until it works: by its names,
// or because its body ends by leaving it, as where one mirror after the other is
// tried.
func (f *Func) retries(loop ast.Node) bool {
	switch l := loop.(type) {
	case *ast.RangeStmt:
		return retryIn(l.X) || endsLoop(l.Body) || f.endsWithSuccess(l.Body)
	case *ast.ForStmt:
		return endsLoop(l.Body) || l.Init != nil && retryIn(l.Init) || l.Cond != nil && retryIn(l.Cond) || l.Post != nil && retryIn(l.Post)
	}
	return false
}

// endsWithSuccess reports whether a loop's body leaves the loop where there is no
// error: if err == nil { return ... }.
func (f *Func) endsWithSuccess(b *ast.BlockStmt) bool {
	for _, s := range b.List {
		c, ok := s.(*ast.IfStmt)
		if !ok || !endsLoop(c.Body) {
			continue
		}
		cond, ok := ast.Unparen(c.Cond).(*ast.BinaryExpr)
		if ok && cond.Op == token.EQL && IsError(f.TypeOf(cond.X)) && f.Pkg.Info.Types[cond.Y].IsNil() {
			return true
		}
	}
	return false
}

// endsLoop reports whether the last statement of a loop's body leaves the loop.
func endsLoop(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch s := b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return s.Tok == token.BREAK
	}
	return false
}

func retryIn(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && retryText.MatchString(id.Name) {
			found = true
		}
		return !found
	})
	return found
}
