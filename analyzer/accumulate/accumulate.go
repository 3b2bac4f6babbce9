package accumulate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Analyzer is the check.
var Analyzer = check.New(Doc, func(p *check.Pass) {
	p.Flow.Use(func(pkg *flow.Package) {
		for _, f := range pkg.Funcs {
			inspect(p, f)
			gathers(p, f)
		}
	})
})

// inspect reports the first growth of each collection of a function.
func inspect(p *check.Pass, f *flow.Func) {
	seen := map[types.Object]bool{}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i := range a.Lhs {
			g := growthOf(f, a, i)
			if g == nil || seen[g.into] {
				continue
			}
			loop, why := sourceLoop(f, g)
			if loop == nil || !kept(f, g, loop) || small(f, g, loop) {
				continue
			}
			role := f.Role()
			if role.None() || f.Counted() {
				continue
			}
			seen[g.into] = true
			p.Report(check.Finding{At: a, Doubt: doubt(f, g, loop), Message: fmt.Sprintf(
				"%s collects every item before the first is emitted: %s; %s (first stage: %s %s)",
				types.ExprString(a.Lhs[i]), why, advice(f, role), f.Name, role.Reason)})
		}
		return true
	})
}

// advice says what to do instead, and what the signature must become for it.
func advice(f *flow.Func, role flow.Role) string {
	const text = "emit each item, or hand on batches of a fixed size"
	if shape := f.Reshaped(); role.Parses && shape != "" {
		return text + "; " + shape
	}
	return text
}

// growth is one statement that makes a collection larger.
type growth struct {
	at      *ast.AssignStmt
	into    types.Object // the variable, or the root of the chain to the field
	elem    types.Type
	values  []ast.Expr // what is added
	spread  bool       // append(x, ys...)
	keys    bool       // single strings: keys, paths
	index   bool       // list[i] = v, in a list that was made long enough
	loose   bool       // the loop reads something, and that need not be what is added
	one     bool       // each round adds one item, for one of a list that was not fetched
	little  bool       // it is a copy of what nothing shows to be large
	drained bool       // it is received from a channel
	shares  bool       // what is added refers to the items of a list that is held already
}

// growthOf recognizes x = append(x, ...), m[k] = v, m[k] = append(m[k], v), and
// list[i] = v, which fills a list.
func growthOf(f *flow.Func, a *ast.AssignStmt, i int) *growth {
	if len(a.Lhs) != len(a.Rhs) || a.Tok == token.DEFINE {
		return nil
	}
	g := &growth{at: a, into: f.Root(a.Lhs[i])}
	if g.into == nil {
		return nil
	}
	args, isAppend := f.Append(a.Rhs[i])
	ix, isIndex := ast.Unparen(a.Lhs[i]).(*ast.IndexExpr)
	switch {
	case isAppend && len(args) > 1:
		if f.Root(args[0]) != g.into {
			return nil
		}
		g.values = args[1:]
		list, ok := f.TypeOf(args[0]).Underlying().(*types.Slice)
		if !ok {
			return nil // of a type parameter
		}
		g.elem = list.Elem()
		g.spread = ast.Unparen(a.Rhs[i]).(*ast.CallExpr).Ellipsis.IsValid()
	case isIndex:
		switch t := f.TypeOf(ix.X).Underlying().(type) {
		case *types.Map:
			g.elem = t.Elem()
		case *types.Slice:
			g.elem, g.index = t.Elem(), true
		default:
			return nil
		}
		g.values = a.Rhs[i : i+1]
	default:
		return nil
	}
	if !weighs(g) || isIndex && (f.Updates(g.values[0], ix) || isEmpty(g.values[0])) {
		return nil
	}
	return g
}

// weighs drops what is small: errors, sets, numbers, functions, what is open or
// still to come, addresses. Strings weigh when whole lists are appended, or pages
// of them.
func weighs(g *growth) bool {
	if flow.IsError(g.elem) || flow.IsHandle(g.elem) || flow.IsAddress(g.elem) {
		return false
	}
	switch u := g.elem.Underlying().(type) {
	case *types.Signature:
		return false
	case *types.Struct:
		return u.NumFields() > 0 && !isFuture(u)
	case *types.Slice:
		g.keys = flow.IsBasic(u.Elem()) && !flow.IsText(g.elem) // the fields of one paragraph, but no bodies
	case *types.Basic:
		g.keys = !g.spread
		return g.spread || u.Info()&types.IsString != 0
	}
	return true
}

// isFuture reports whether a struct has a channel: it is the way to a result, and
// not the result.
func isFuture(s *types.Struct) bool {
	for field := range s.Fields() {
		if _, ok := field.Type().Underlying().(*types.Chan); ok {
			return true
		}
	}
	return false
}

// isEmpty reports whether a value is a container without anything in it, as its
// constructor makes it: what is put into it later is judged there.
func isEmpty(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return len(e.Elts) == 0
	case *ast.CallExpr:
		name := types.ExprString(e.Fun)
		name = name[strings.LastIndex(name, ".")+1:]
		return name == "make" || name == "new" || strings.HasPrefix(name, "New") && len(e.Args) == 0
	}
	return false
}
