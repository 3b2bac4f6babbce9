package ungated

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Analyzer is the check.
var Analyzer = check.New(Doc, func(p *check.Pass) {
	p.Flow.Use(func(pkg *flow.Package) {
		units := pkg.UnitTypes()
		for _, f := range pkg.Funcs {
			ast.Inspect(f.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					channel(p, f, n, units)
				case *ast.RangeStmt:
					goroutines(p, f, n)
					elastic(p, f, n)
				}
				return true
			})
		}
	})
})

// channel judges make(chan T, n).
func channel(p *check.Pass, f *flow.Func, call *ast.CallExpr, units []types.Type) {
	if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "make" || len(call.Args) != 2 {
		return
	}
	c, ok := f.TypeOf(call).Underlying().(*types.Chan)
	if !ok || !f.CarriesUnits(c) {
		return
	}
	for _, u := range units {
		if types.Identical(u, c.Elem()) && buffers(f, call.Args[1]) {
			p.Reportf(call, "a plain channel buffers %s, which an accounted queue carries elsewhere in this package: its memory is outside of the limit; use memacct.NewQueue, or no buffer",
				types.TypeString(c.Elem(), types.RelativeTo(p.Pkg)))
			return
		}
	}
	if _, batches := c.Elem().Underlying().(*types.Slice); batches && batchSize(f, call.Args[1]) {
		p.Reportf(call, "the channel holds as many batches as a batch has items, so the square of %s can wait in it; give it a small fixed capacity, or use memacct.NewGate", types.ExprString(call.Args[1]))
		return
	}
	asLong(p, f, call, c.Elem())
}

// asLong judges a channel that is as long as a list: one that was fetched, or one
// that the caller gave, of keys that something is fetched for.
func asLong(p *check.Pass, f *flow.Func, call *ast.CallExpr, elem types.Type) {
	list := lengthOf(f, call.Args[1])
	if list == nil || f.Role().None() || f.FromCommandLine(list) {
		return
	}
	doubt := ""
	if !fetched(f, list, call.Args[1].Pos()) {
		if f.Counted() || !answersFor(f, list, f.Takes(call)) {
			return
		}
		if !flow.HasMuch(elem) {
			doubt = "it holds one small answer for each that was asked for"
		}
	}
	p.Report(check.Finding{At: call, Doubt: doubt, Message: fmt.Sprintf(
		"the channel is as long as %s, so it never makes its sender wait and can hold every result at once; give it a small fixed capacity, or use memacct.NewGate (first stage: %s %s)",
		list.Name(), f.Name, f.Role().Reason)})
}

func buffers(f *flow.Func, n ast.Expr) bool {
	v := f.Pkg.Info.Types[n].Value
	return v == nil || v.Kind() == constant.Int && constant.Sign(v) > 0
}

// lengthOf is the variable x of a capacity len(x), also through a variable
// that holds the length.
func lengthOf(f *flow.Func, n ast.Expr) types.Object {
	switch n := ast.Unparen(n).(type) {
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "len" && len(n.Args) == 1 {
			return f.Object(n.Args[0])
		}
	case *ast.Ident:
		if rhs, index, each := f.Value(f.Object(n), n.Pos()); rhs != nil && index < 0 && !each {
			if call, ok := ast.Unparen(rhs).(*ast.CallExpr); ok {
				return lengthOf(f, call)
			}
		}
	}
	return nil
}

// fetched reports whether the list grew from what was read: it was appended to
// in a loop or a walk, or decoded whole.
func fetched(f *flow.Func, list types.Object, at token.Pos) bool {
	if f.DecodedWhole(list) {
		return true
	}
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if ok && a.End() < at && len(a.Lhs) == 1 && len(a.Rhs) == 1 && f.Object(a.Lhs[0]) == list {
			if _, ok := f.Append(a.Rhs[0]); ok {
				loop, _ := f.Loop(a)
				r, isRange := loop.(*ast.RangeStmt)
				found = found || loop != nil && !(isRange && f.Static(r))
			}
		}
		return !found
	})
	return found
}

// goroutines judges a loop that starts one goroutine an item and takes the
// limit only inside of it.
func goroutines(p *check.Pass, f *flow.Func, r *ast.RangeStmt) {
	if f.Static(r) {
		return
	}
	for _, stmt := range r.Body.List {
		switch stmt := stmt.(type) {
		case *ast.GoStmt:
			lit, ok := stmt.Call.Fun.(*ast.FuncLit)
			if ok && acquires(f, lit.Body) {
				p.Report(check.Finding{At: stmt, Doubt: fewGoroutines(f, r), Message: fmt.Sprintf(
					"one goroutine for each of %s exists at once, since the limit is taken inside of it; take the limit before the go statement", types.ExprString(r.X))})
			}
		default:
			if acquires(f, stmt) {
				return
			}
		}
	}
}

// fewGoroutines says what speaks for a short list, or "".
func fewGoroutines(f *flow.Func, r *ast.RangeStmt) string {
	if o := f.Object(r.X); o != nil && f.AskedFor(o, r) {
		return "there are as many as were asked for"
	}
	if s, ok := f.TypeOf(r.X).Underlying().(*types.Slice); ok && flow.IsBasic(s.Elem()) && f.IsParam(r.X) {
		return "a list of plain names may be short"
	}
	return ""
}

// acquires reports whether a semaphore is taken: a send of a signal, or a call
// of Acquire.
func acquires(f *flow.Func, n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SendStmt:
			c, ok := f.TypeOf(n.Chan).Underlying().(*types.Chan)
			if ok && isSignal(c.Elem()) {
				found = true
			}
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Acquire" || sel.Sel.Name == "TryAcquire") {
				found = true
			}
		}
		return !found
	})
	return found
}

func isSignal(t types.Type) bool {
	s, ok := t.Underlying().(*types.Struct)
	return ok && s.NumFields() == 0
}
