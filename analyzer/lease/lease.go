package lease

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/cfg"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Analyzer is the check.
var Analyzer = check.New(Doc, func(p *check.Pass) {
	p.Flow.Use(func(pkg *flow.Package) {
		for _, f := range pkg.Funcs {
			for _, h := range holds(f) {
				search(p, f, h)
			}
		}
	})
})

// hold is a statement after which a variable has bytes to give back.
type hold struct {
	at    ast.Node // the statement
	call  *ast.CallExpr
	held  types.Object // the reservation, lease or building
	err   types.Object // not nil when there is nothing to give back, or nil
	what  string
	later bool // it charges nothing before its Weighs is used
}

// holds finds the reservations and buildings made, and the leases split off or
// detached.
func holds(f *flow.Func) []hold {
	var all []hold
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil {
			continue
		}
		switch stmt := f.Parent(call).(type) {
		case *ast.AssignStmt:
			if h, ok := made(f, stmt, call); ok {
				all = append(all, h)
			}
		case *ast.ExprStmt:
			if x := flow.Receiver(call); x != nil && fn.Name() == "Detach" && flow.IsHold(f.TypeOf(x)) {
				if o := f.Object(x); o != nil {
					all = append(all, hold{at: stmt, call: call, held: o, what: "detached lease"})
				}
			}
		}
	}
	return all
}

func made(f *flow.Func, a *ast.AssignStmt, call *ast.CallExpr) (hold, bool) {
	if len(a.Rhs) != 1 || len(a.Lhs) == 0 {
		return hold{}, false
	}
	o := f.Object(a.Lhs[0])
	if o == nil || o.Name() == "_" || !flow.IsHold(o.Type()) {
		return hold{}, false
	}
	h := hold{at: a, call: call, held: o, what: "reservation"}
	switch {
	case flow.IsBuilding(o.Type()):
		h.what, h.later = "building unit", true
	case flow.IsNamed(o.Type(), "github.com/syncmem/syncmem/memacct", "Lease"):
		h.what = "lease"
	}
	if len(a.Lhs) == 2 {
		h.err = f.Object(a.Lhs[1])
	}
	return h, true
}

// search walks the control flow from the hold to a return that nothing on the
// way released it for, and reports the first.
func search(p *check.Pass, f *flow.Func, h hold) {
	body := bodyOf(f, h.at)
	graph := cfg.New(body, func(call *ast.CallExpr) bool { return mayReturn(f, call) })
	start, index := find(graph, h.at)
	if start == nil {
		return
	}
	w := walk{f: f, h: h, body: body, seen: map[state]bool{}}
	if leak := w.from(start, index+1, !h.later); leak != nil {
		p.Report(check.Finding{
			At:      h.call,
			Message: "the " + h.what + " " + h.held.Name() + " is not released on every path; defer its Release, which does nothing once it is settled",
			Related: []analysis.RelatedInformation{check.Related(leak, "this path ends here without releasing it")},
		})
	}
}

// bodyOf is the body of the innermost function around the node.
func bodyOf(f *flow.Func, n ast.Node) *ast.BlockStmt {
	for at := f.Parent(n); at != nil; at = f.Parent(at) {
		if lit, ok := at.(*ast.FuncLit); ok {
			return lit.Body
		}
	}
	return f.Body
}

func mayReturn(f *flow.Func, call *ast.CallExpr) bool {
	if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" {
		return false
	}
	fn := f.Callee(call)
	if fn == nil {
		return true
	}
	switch fn.FullName() {
	case "os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "runtime.Goexit":
		return false
	}
	return true
}

func find(graph *cfg.CFG, n ast.Node) (*cfg.Block, int) {
	for _, b := range graph.Blocks {
		for i, node := range b.Nodes {
			if node == n {
				return b, i
			}
		}
	}
	return nil, 0
}

type walk struct {
	f    *flow.Func
	h    hold
	body *ast.BlockStmt
	seen map[state]bool
}

// state is where a walk is, and whether there is something to give back by then.
type state struct {
	at   *cfg.Block
	full bool
}

// from returns where a path from the block's node at index ends with the hold
// unreleased, or nil.
func (w *walk) from(b *cfg.Block, index int, full bool) ast.Node {
	for _, n := range b.Nodes[index:] {
		if w.settles(n) {
			return nil
		}
		full = full || w.fills(n)
		if r, ok := n.(*ast.ReturnStmt); ok {
			return leakIf(full, r)
		}
		if n == w.h.at { // round a loop to the next hold, the first still held
			return leakIf(full, n)
		}
	}
	if len(b.Succs) == 0 {
		if !full || b.Kind == cfg.KindUnreachable || !b.Live || endsInNoReturn(w, b) {
			return nil
		}
		return &ast.BadStmt{From: w.body.Rbrace, To: w.body.End()}
	}
	for i, next := range b.Succs {
		to := state{next, full}
		if w.seen[to] || w.failed(b, i) {
			continue
		}
		w.seen[to] = true
		if leak := w.from(next, 0, full); leak != nil {
			return leak
		}
	}
	return nil
}

func leakIf(full bool, n ast.Node) ast.Node {
	if full {
		return n
	}
	return nil
}

// fills reports whether the node charges something for a building unit, or hands
// on the means to: unit.Weighs(n), Options{Building: unit.Weighs}.
func (w *walk) fills(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		found = found || ok && sel.Sel.Name == "Weighs" && w.f.Object(sel.X) == w.h.held
		return !found
	})
	return found
}

// endsInNoReturn: a block without successors ends the function, unless its
// last call never returns.
func endsInNoReturn(w *walk, b *cfg.Block) bool {
	if len(b.Nodes) == 0 {
		return false
	}
	es, ok := b.Nodes[len(b.Nodes)-1].(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := es.X.(*ast.CallExpr)
	return ok && !mayReturn(w.f, call)
}

// failed reports whether the edge is the one on which making the hold failed:
// err != nil, or the reservation is nil.
func (w *walk) failed(b *cfg.Block, succ int) bool {
	if len(b.Nodes) == 0 || len(b.Succs) != 2 {
		return false
	}
	cond, ok := b.Nodes[len(b.Nodes)-1].(*ast.BinaryExpr)
	if !ok || !w.f.Pkg.Info.Types[cond.Y].IsNil() {
		return false
	}
	o := w.f.Object(cond.X)
	switch {
	case o == nil:
		return false
	case o == w.h.err && w.errIsOurs(cond), w.h.later && w.weighsFailed(o, cond):
		return (cond.Op == token.NEQ) == (succ == 0)
	case o == w.h.held:
		return (cond.Op == token.EQL) == (succ == 0)
	}
	return false
}

// errIsOurs reports whether the error tested is still the hold's own: nothing
// in between set the variable again.
func (w *walk) errIsOurs(cond *ast.BinaryExpr) bool {
	rhs, _, _ := w.f.Value(w.h.err, cond.Pos())
	return rhs == ast.Expr(w.h.call)
}

// weighsFailed reports whether the error tested is that of the building unit's own
// Weighs, which gives back what was charged when it fails.
func (w *walk) weighsFailed(err types.Object, cond *ast.BinaryExpr) bool {
	rhs, _, _ := w.f.Value(err, cond.Pos())
	call, ok := rhs.(*ast.CallExpr)
	return ok && w.fills(call.Fun)
}

// getters are the methods of a lease, reservation or building that leave it held.
var getters = map[string]bool{"Value": true, "Bytes": true, "Resize": true, "Split": true, "Park": true, "Unpark": true, "Detach": true, "GrowTo": true, "Weighs": true}

// settles reports whether the node releases the hold or gives it away: any use
// of the variable but calling a getter or comparing it.
func (w *walk) settles(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if ok && w.f.Pkg.Info.Uses[id] == w.h.held && !w.harmless(id) {
			found = true
		}
		return !found
	})
	return found
}

func (w *walk) harmless(id *ast.Ident) bool {
	switch p := w.f.Parent(id).(type) {
	case *ast.SelectorExpr:
		return getters[p.Sel.Name]
	case *ast.BinaryExpr:
		return true
	case *ast.AssignStmt:
		for _, l := range p.Lhs {
			if l == ast.Expr(id) {
				return true // set anew, not given away
			}
		}
	}
	return false
}
