package ungated

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// elastic judges a loop that drains a channel into a slice which outlives it:
// the channel's capacity then limits nothing. One that looks at the length of
// the slice, or empties it, has a limit of its own.
func elastic(p *check.Pass, f *flow.Func, r *ast.RangeStmt) {
	c, ok := f.TypeOf(r.X).Underlying().(*types.Chan)
	if !ok || !f.CarriesUnits(c) {
		return
	}
	ast.Inspect(r.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
			return true
		}
		field, ok := ast.Unparen(a.Lhs[0]).(*ast.SelectorExpr)
		args, grows := f.Append(a.Rhs[0])
		if !ok || !grows || len(args) != 2 || f.Object(args[1]) == nil || f.Object(args[1]) != f.Object(r.Key) {
			return true
		}
		name := types.ExprString(field)
		if o := f.Root(field); o == nil || !f.Outlives(o) || types.ExprString(args[0]) != name || limits(r.Body, name) || renewed(f, r, name) {
			return true
		}
		p.Reportf(a, "%s takes whatever %s carries and never makes its sender wait: the queue has no limit; leave the units in the channel, or use memacct.NewGate", name, types.ExprString(r.X))
		return false
	})
}

// renewed reports whether the function gives the list a new start before the loop: then
// it holds what one call collects, and is no queue.
func renewed(f *flow.Func, r *ast.RangeStmt, list string) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && a.End() < r.Pos() {
			for _, l := range a.Lhs {
				found = found || types.ExprString(l) == list
			}
		}
		return !found
	})
	return found
}

// limits reports whether the block asks for the length of the list, or cuts
// or replaces it.
func limits(body *ast.BlockStmt, list string) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			id, ok := n.Fun.(*ast.Ident)
			found = found || ok && (id.Name == "len" || id.Name == "clear") && len(n.Args) == 1 && types.ExprString(n.Args[0]) == list
		case *ast.SliceExpr:
			found = found || types.ExprString(n.X) == list
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				id, isNil := ast.Expr(nil), false
				if i < len(n.Rhs) {
					id = n.Rhs[i]
				}
				if x, ok := id.(*ast.Ident); ok {
					isNil = x.Name == "nil"
				}
				found = found || isNil && types.ExprString(l) == list
			}
		}
		return !found
	})
	return found
}

var batchNames = regexp.MustCompile(`(?i)batch|chunk`)

// batchSize reports whether the capacity is the size of a batch that the
// caller chose.
func batchSize(f *flow.Func, n ast.Expr) bool {
	if f.Pkg.Info.Types[n].Value != nil {
		return false
	}
	switch n := ast.Unparen(n).(type) {
	case *ast.Ident:
		return batchNames.MatchString(n.Name)
	case *ast.SelectorExpr:
		return batchNames.MatchString(n.Sel.Name)
	}
	return false
}

// answersFor reports whether the channel takes what is fetched for each entry
// of a list of keys the caller gave: answers weigh more than keys.
func answersFor(f *flow.Func, keys, channel types.Object) bool {
	_, lit, isParam := f.Param(keys)
	if !isParam || lit != nil || channel == nil {
		return false
	}
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if s, ok := n.(*ast.SendStmt); ok && f.Object(s.Chan) == channel && s.Arrow != token.NoPos {
			found = found || f.FetchedIn(s.Value, f.Body)
		}
		return !found
	})
	return found
}
