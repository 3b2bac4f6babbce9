package retain

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Analyzer is the check.
var Analyzer = check.New(Doc, func(p *check.Pass) {
	p.Flow.Use(func(pkg *flow.Package) {
		for _, f := range pkg.Funcs {
			ast.Inspect(f.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					onOwner(p, f, n)
				case *ast.BlockStmt:
					handovers(p, f, n.List)
				case *ast.CaseClause:
					handovers(p, f, n.Body)
				case *ast.CommClause:
					handovers(p, f, n.Body)
				case *ast.RangeStmt:
					kept(p, f, n)
				case *ast.UnaryExpr:
					element(p, f, n)
				}
				return true
			})
		}
	})
})

// handovers looks for a unit given away in one statement of a list and used in
// a later one.
func handovers(p *check.Pass, f *flow.Func, list []ast.Stmt) {
	for i, stmt := range list {
		x, accounted := given(f, stmt)
		if x == nil {
			continue
		}
		for _, later := range list[i+1:] {
			if cut := reuses(f, later, x); cut != nil {
				p.Reportf(cut, "%s is filled again while the batch that was sent still uses its array; make a new one", x.Name())
				break
			}
			if sets(f, later, x) {
				break
			}
			if use := useOf(f, later, x); use != nil && accounted {
				p.Reportf(use, "%s is used after it was handed over: it belongs to the next stage, and its bytes may be given back already", x.Name())
				break
			}
		}
	}
}

// given is the variable a statement hands over, and whether to an accounted
// queue. The variable must refer to memory, or a later use is of a copy.
func given(f *flow.Func, stmt ast.Stmt) (x types.Object, accounted bool) {
	switch s := stmt.(type) {
	case *ast.SendStmt:
		x = f.Object(s.Value)
	case *ast.ExprStmt:
		x, accounted = put(f, s.X)
	case *ast.AssignStmt:
		if len(s.Rhs) == 1 {
			x, accounted = put(f, s.Rhs[0])
		}
	case *ast.IfStmt:
		if a, ok := s.Init.(*ast.AssignStmt); ok && len(a.Rhs) == 1 {
			x, accounted = put(f, a.Rhs[0])
		}
	}
	if v, ok := x.(*types.Var); !ok || !refers(v.Type()) {
		return nil, false
	}
	return x, accounted
}

func put(f *flow.Func, e ast.Expr) (types.Object, bool) {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return nil, false
	}
	if _, ok := f.QueuePut(call); !ok {
		return nil, false
	}
	return f.Object(call.Args[len(call.Args)-1]), true
}

func refers(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map:
		return true
	}
	return false
}

// reuses is x[:0] assigned back to x.
func reuses(f *flow.Func, stmt ast.Stmt, x types.Object) ast.Node {
	a, ok := stmt.(*ast.AssignStmt)
	if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 || f.Object(a.Lhs[0]) != x {
		return nil
	}
	s, ok := ast.Unparen(a.Rhs[0]).(*ast.SliceExpr)
	if !ok || f.Object(s.X) != x || s.High == nil {
		return nil
	}
	if v := f.Pkg.Info.Types[s.High].Value; v == nil || v.String() != "0" {
		return nil
	}
	return a
}

// sets reports whether the statement gives the variable a new value.
func sets(f *flow.Func, stmt ast.Stmt, x types.Object) bool {
	a, ok := stmt.(*ast.AssignStmt)
	if !ok {
		return false
	}
	for _, l := range a.Lhs {
		if f.Object(l) == x {
			return true
		}
	}
	return false
}

// useOf is the first use of what x refers to. An error path is none: the
// handover before it failed.
func useOf(f *flow.Func, stmt ast.Stmt, x types.Object) ast.Node {
	if isErrorPath(f, stmt) {
		return nil
	}
	var use ast.Node
	ast.Inspect(stmt, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && use == nil && f.Pkg.Info.Uses[id] == x {
			use = id
		}
		return use == nil
	})
	return use
}

func isErrorPath(f *flow.Func, stmt ast.Stmt) bool {
	s, ok := stmt.(*ast.IfStmt)
	if !ok {
		return false
	}
	b, ok := s.Cond.(*ast.BinaryExpr)
	return ok && b.Op == token.NEQ && flow.IsError(f.TypeOf(b.X))
}

// kept looks for the unit of a consumer's loop stored where it outlives the
// body that leased it.
func kept(p *check.Pass, f *flow.Func, r *ast.RangeStmt) {
	call, ok := ast.Unparen(r.X).(*ast.CallExpr)
	if !ok || r.Key == nil {
		return
	}
	if x := flow.Receiver(call); x == nil || !flow.IsSource(f.TypeOf(x)) {
		return
	}
	unit := f.Object(r.Key)
	if unit == nil || detached(f, r.Body, unit) {
		return
	}
	ast.Inspect(r.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i, l := range a.Lhs {
			if i < len(a.Rhs) && f.Stores(a.Rhs[i], unit) && outlives(f, l, r) {
				p.Reportf(a, "%s is kept after its loop body: its bytes are given back to the account while %s still holds them; keep only what is needed, copied", unit.Name(), types.ExprString(l))
			}
		}
		return true
	})
}

// onOwner looks for a list that a function fetched, returns, and keeps in a field
// of its owner as well: it lives as long as the owner does, whoever is done with
// it.
func onOwner(p *check.Pass, f *flow.Func, a *ast.AssignStmt) {
	if f.Recv == nil || len(a.Lhs) != len(a.Rhs) {
		return
	}
	for i, l := range a.Lhs {
		sel, ok := ast.Unparen(l).(*ast.SelectorExpr)
		list := f.Object(a.Rhs[i])
		if !ok || list == nil || f.Root(sel) == nil || flow.ShapeOf(list.Type()) != flow.Collection {
			continue
		}
		if index, lit, isParam := f.Param(f.Root(sel)); !isParam || lit != nil || index >= 0 {
			continue // not the receiver's
		}
		if f.FetchedAbove(list, a) && returnedAfter(f, list, a) && !f.Counted() && !f.OwnerIsLocal() {
			p.Reportf(a, "%s keeps the whole list after it was handed to the caller, as long as its owner lives; keep what is asked for again, or let the caller keep it", types.ExprString(l))
		}
	}
}

// returnedAfter reports whether the variable itself is returned further down.
func returnedAfter(f *flow.Func, o types.Object, a *ast.AssignStmt) bool {
	found := f.IsResult(o)
	f.Returns(func(r *ast.ReturnStmt) {
		for _, e := range r.Results {
			found = found || r.Pos() > a.End() && f.Object(e) == o
		}
	})
	return found
}

// detached reports whether the loop body detaches the lease that it got: then it may outlive the body, and whether it
// is released is for the lease check to say.
func detached(f *flow.Func, body *ast.BlockStmt, unit types.Object) (yes bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			sel, ok := call.Fun.(*ast.SelectorExpr)
			yes = yes || ok && sel.Sel.Name == "Detach" && f.Object(sel.X) == unit
		}
		return !yes
	})
	return yes
}

// outlives reports whether the place is outside of the loop and is not a batch
// that the loop empties.
func outlives(f *flow.Func, l ast.Expr, r *ast.RangeStmt) bool {
	o := f.Root(l)
	return o != nil && o.Name() != "_" && !flow.Within(o.Pos(), r) && !f.Resets(o, r.Body)
}

// element looks for &s[i] stored while s grows in the same loop.
func element(p *check.Pass, f *flow.Func, u *ast.UnaryExpr) {
	ix, ok := ast.Unparen(u.X).(*ast.IndexExpr)
	if !ok || u.Op != token.AND {
		return
	}
	s := f.Object(ix.X)
	if s == nil {
		return
	}
	if _, ok := s.Type().Underlying().(*types.Slice); !ok || !f.StoredAway(u) {
		return
	}
	loop, body := f.Loop(u)
	if loop == nil || flow.Within(s.Pos(), loop) || !f.Grows(s, body) {
		return
	}
	p.Reportf(u, "a pointer into %s is kept while %s grows: each time it is reallocated the old array stays alive for it; keep the index, or a slice of pointers", s.Name(), s.Name())
}
