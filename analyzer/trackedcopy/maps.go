package trackedcopy

import (
	"go/ast"
	"go/types"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// copiedByLoop is the variable whose map or slice a loop copies into o entry
// by entry, or nil.
func copiedByLoop(f *flow.Func, o types.Object) types.Object {
	var from types.Object
	if o == nil {
		return nil
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		r, ok := n.(*ast.RangeStmt)
		if !ok || from != nil || len(r.Body.List) != 1 {
			return from == nil
		}
		a, ok := r.Body.List[0].(*ast.AssignStmt)
		if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
			return true
		}
		ix, ok := ast.Unparen(a.Lhs[0]).(*ast.IndexExpr)
		if ok && f.Object(ix.X) == o && f.Object(ix.Index) == f.Object(r.Key) && f.Object(a.Rhs[0]) != nil && f.Object(a.Rhs[0]) == f.Object(r.Value) {
			from = f.Root(r.X)
		}
		return true
	})
	return from
}

// pollMaps reports the maps of whole items that are kept from one poll to the
// next: x.prev is looked into for each item, and what was built of the items
// meanwhile takes its place.
func pollMaps(p *check.Pass, f *flow.Func) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
			return true
		}
		sel, ok := ast.Unparen(a.Lhs[0]).(*ast.SelectorExpr)
		next := f.Object(a.Rhs[0])
		if !ok || next == nil || f.Root(sel) == nil || !f.Outlives(f.Root(sel)) || !itemMap(f.TypeOf(sel)) {
			return true
		}
		if kept := types.ExprString(sel); comparedWhileFilling(f, next, kept, a) {
			p.Reportf(a, "%s keeps all items of the last poll to find what changed, a second copy of the state; keep a digest an item instead", kept)
		}
		return true
	})
}

// itemMap reports whether the map's values are items: structs of more than two
// fields, or pointers to them.
func itemMap(t types.Type) bool {
	m, ok := t.Underlying().(*types.Map)
	return ok && flow.ShapeOf(m) == flow.Collection
}

// comparedWhileFilling reports whether a loop stores its item in the map next
// and looks the same item up in the kept one, before next takes its place.
func comparedWhileFilling(f *flow.Func, next types.Object, kept string, replaced ast.Node) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		r, ok := n.(*ast.RangeStmt)
		if !ok || found || f.Object(r.Value) == nil || r.Pos() > replaced.Pos() {
			return !found
		}
		stores, looks := false, false
		ast.Inspect(r.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				ix, ok := ast.Unparen(n.Lhs[0]).(*ast.IndexExpr)
				stores = stores || ok && f.Object(ix.X) == next && len(n.Rhs) == 1 && f.Stores(n.Rhs[0], f.Object(r.Value))
			case *ast.IndexExpr:
				looks = looks || types.ExprString(n.X) == kept
			}
			return true
		})
		found = stores && looks
		return !found
	})
	return found
}
