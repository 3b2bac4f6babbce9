package accumulate

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/syncmem/syncmem/analyzer/internal/flow"
	"github.com/syncmem/syncmem/analyzer/internal/whole"
)

// sourceLoop is the loop or walk callback around the growth that a stream
// drives and that the collection lives longer than, with the reason.
func sourceLoop(f *flow.Func, g *growth) (ast.Node, string) {
	for at := ast.Node(g.at); ; {
		loop, body := f.Loop(at)
		if loop == nil {
			return nil, ""
		}
		if flow.Within(g.into.Pos(), loop) {
			return nil, "" // it is made anew each time round
		}
		if f.Resets(g.into, body) || f.LimitsLen(g.into, body) {
			return nil, ""
		}
		if why := driven(f, g, loop, body); why != "" {
			return loop, why
		}
		at = loop
	}
}

// driven says what makes the loop's length unknown, or "". Single strings
// count only where they come in pages: a list of paths is no hazard.
func driven(f *flow.Func, g *growth, loop ast.Node, body *ast.BlockStmt) string {
	switch l := loop.(type) {
	case *ast.FuncLit:
		if f.PagesBack(l) {
			return "every page is collected"
		}
		if !g.keys && (readsInside(f, l) || f.HasReaderParam(l) || fed(f, l)) {
			return "the callback runs once for every file or item of the walk"
		}
	case *ast.RangeStmt:
		if !g.keys {
			return drivenRange(f, g, l)
		}
	case *ast.ForStmt:
		return drivenFor(f, g, l)
	}
	return ""
}

// drivenRange judges a range: over a channel or what was decoded from a stream
// its length is the source's; over anything else it is when each round reads
// something anew.
func drivenRange(f *flow.Func, g *growth, l *ast.RangeStmt) string {
	if _, ok := f.TypeOf(l.X).Underlying().(*types.Chan); ok {
		g.drained = true
		return "the channel is drained first"
	}
	if o := f.Root(l.X); o != nil && o != g.into {
		if f.DecodedWhole(o) {
			g.shares, g.little = shares(f, g, l), !readsMuch(f, o)
			return "it is a second copy of the decoded document"
		}
		if call := f.Gathered(o, l); call != nil && !g.index && copiesEach(f, g, l) {
			g.shares, g.little = shares(f, g, l), !areBodies(o.Type()) && !gathersMuch(f, call, maxHops)
			return "it is a second copy of what " + types.ExprString(call.Fun) + " gathered"
		}
		if f.Listed(o, l.Pos()) && len(g.values) == 1 && f.Object(l.Value) != nil && f.Object(g.values[0]) == f.Object(l.Value) {
			g.shares = shares(f, g, l)
			return "it is a second copy of a full listing"
		}
	}
	if f.Static(l) || f.InChunks(l) || flow.IsBasic(g.elem) && f.WalksNames(g.values[0], l) {
		return ""
	}
	if receives(f, l.Body) {
		g.drained = true
		return "every result of the workers is received first"
	}
	if g.loose = readsInside(f, l) && !g.index; g.loose || fetchedIn(f, g, l) {
		g.one = addsOne(f, g, l)
		return "every round of the loop reads another item"
	}
	return ""
}

// areBodies reports whether a list is one of bytes, each as many as were read.
func areBodies(t types.Type) bool {
	s, ok := t.Underlying().(*types.Slice)
	return ok && flow.IsBody(s.Elem())
}

// maxHops is through how many functions what is copied is followed to where it is read.
const maxHops = 2

// readsMuch reports whether the variable is filled by a whole read or decode that is
// reported by default: then a copy of it counts, too. With nil it asks for any such.
func readsMuch(f *flow.Func, o types.Object) bool {
	for _, s := range f.Sinks() {
		if o != nil && !f.FilledBy(o, s) {
			continue
		}
		if whole.Sure(f, s) {
			return true
		}
	}
	return false
}

// gathersMuch reports whether a function of the package that the call names does so, or
// one that it calls, or collects all of a stream.
func gathersMuch(f *flow.Func, call *ast.CallExpr, hops int) bool {
	helper := f.Pkg.Func(f.Callee(call))
	if helper == nil || hops == 0 {
		return false
	}
	if readsMuch(helper, nil) || collects(helper) {
		return true
	}
	for _, c := range helper.Calls {
		if gathersMuch(helper, c, hops-1) {
			return true
		}
	}
	return false
}

// collects reports whether the function collects all of a stream, pages or what a walk
// finds, and nothing speaks against that being much.
func collects(f *flow.Func) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || found {
			return !found
		}
		for i := range a.Lhs {
			g := growthOf(f, a, i)
			loop, body := f.Loop(a)
			if _, copies := loop.(*ast.RangeStmt); g == nil || loop == nil || copies {
				continue
			}
			found = found || driven(f, g, loop, body) != "" && !small(f, g, loop) && doubt(f, g, loop) == ""
		}
		return !found
	})
	return found
}

// addsOne reports whether each round adds one thing, no body or list, for an item of
// a list that was not fetched: then there are as many as somebody had at hand.
func addsOne(f *flow.Func, g *growth, l *ast.RangeStmt) bool {
	if g.spread || flow.IsText(g.elem) || flow.ShapeOf(g.elem) != flow.Single {
		return false
	}
	o := f.Root(l.X)
	return o == nil || !f.FetchedAbove(o, l) && !f.FilesAbove(o, l)
}

// fetchedIn reports whether what is added was fetched in this round.
func fetchedIn(f *flow.Func, g *growth, loop ast.Node) bool {
	for _, v := range g.values {
		if f.FetchedIn(v, loop) {
			return true
		}
	}
	return false
}

// shares reports whether what is added only refers to the loop's own item, which
// its list holds already: no call makes anything of it.
func shares(f *flow.Func, g *growth, l *ast.RangeStmt) bool {
	for _, v := range g.values {
		ix, ok := ast.Unparen(v).(*ast.IndexExpr)
		indexed := ok && l.Key != nil && f.Object(ix.Index) == f.Object(l.Key) && f.Root(ix.X) == f.Root(l.X)
		if !indexed && !f.RefersTo(v, f.Object(l.Value)) {
			return false
		}
	}
	return true
}

// copiesEach reports whether what is added comes from the loop's own item.
func copiesEach(f *flow.Func, g *growth, l *ast.RangeStmt) bool {
	item := f.Object(l.Value)
	for _, v := range g.values {
		if item != nil && (f.Mentions(v, item) || f.MadeOf(v, item, l.Body)) {
			return true
		}
	}
	return false
}

// fed reports whether the literal is called back by a function that fetches
// what it hands over.
func fed(f *flow.Func, lit *ast.FuncLit) bool {
	call, ok := f.Parent(lit).(*ast.CallExpr)
	return ok && f.Fetches(call)
}

// drivenFor judges a for loop: it takes items from a stream, a pager or a
// channel until there are no more.
func drivenFor(f *flow.Func, g *growth, l *ast.ForStmt) string {
	stream, pager := f.TakesNext(l)
	switch {
	case pager, f.Pages(l) && (g.spread || !g.keys):
		return "every page is collected"
	case g.keys:
		return ""
	case stream:
		return "the loop runs until the stream ends"
	case receives(f, l.Body) && l.Post == nil:
		g.drained = true
		return "the channel is drained first"
	}
	return ""
}

// receives reports whether a value is received and kept in the block.
func receives(f *flow.Func, body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.AssignStmt:
			for _, r := range n.Rhs {
				if u, ok := ast.Unparen(r).(*ast.UnaryExpr); ok && u.Op == token.ARROW && f.CarriesUnits(f.TypeOf(u.X)) {
					found = true
				}
			}
		}
		return !found
	})
	return found
}

// readsInside reports whether a whole read or decode happens in the loop's
// body, or in a function of this package that it calls.
func readsInside(f *flow.Func, loop ast.Node) bool {
	return f.ReadsWithin(loop, 2)
}

// kept reports whether the collection is used once the loop is over: returned,
// passed on, gone through; or is a field that outlives the function.
func kept(f *flow.Func, g *growth, loop ast.Node) bool {
	if _, isField := ast.Unparen(g.at.Lhs[0]).(*ast.SelectorExpr); isField && f.Outlives(g.into) {
		return true
	}
	if f.IsResult(g.into) {
		return true
	}
	end := loop.End()
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Pos() >= end && f.Pkg.Info.Uses[id] == g.into && !measured(f, id) {
			found = true
		}
		// A return from inside an endless loop is after it, too.
		if r, ok := n.(*ast.ReturnStmt); ok && flow.Within(r.Pos(), loop) {
			found = found || f.Mentions(r, g.into) && !returnsError(f, r)
		}
		return !found
	})
	return found
}

// measured reports whether the use is len(x), which keeps nothing.
func measured(f *flow.Func, id *ast.Ident) bool {
	call, ok := f.Parent(id).(*ast.CallExpr)
	if !ok {
		return false
	}
	fun, ok := call.Fun.(*ast.Ident)
	return ok && fun.Name == "len"
}

// returnsError reports whether a return ends in something other than nil,
// which is how a partial result is given up.
func returnsError(f *flow.Func, r *ast.ReturnStmt) bool {
	if len(r.Results) < 2 {
		return false
	}
	last := r.Results[len(r.Results)-1]
	return flow.IsError(f.TypeOf(last)) && !f.Pkg.Info.Types[last].IsNil()
}

// small reports whether what is collected is small by what it is: a copy of what nothing
// shows to be large, settings and the like by their names, the output of a command.
func small(f *flow.Func, g *growth, loop ast.Node) bool {
	if g.little || f.Quiet() {
		return true
	}
	l, ok := loop.(*ast.ForStmt)
	if !ok {
		return false
	}
	s, ok := f.Next(l)
	return ok && (f.OfCommand(s) || f.GivenSmall(s))
}

// doubt says what speaks against a hazard, or "".
func doubt(f *flow.Func, g *growth, loop ast.Node) string {
	if r, ok := loop.(*ast.RangeStmt); ok && g.loose && !fetchedIn(f, g, r) {
		return "what it keeps may not be what it reads"
	}
	switch {
	case flow.IsCredential(g.elem):
		return "certificates and keys are few"
	case g.shares:
		return "it refers to what is held already"
	case g.one:
		return "it may be one item for each of a list at hand"
	case g.drained && !flow.IsBody(g.elem) && !f.Declared() && !f.NamesData():
		return "what comes over the channel may be little"
	}
	if r, ok := loop.(*ast.RangeStmt); ok && flow.IsBasic(g.elem) && !flow.IsFunc(f.TypeOf(r.X)) {
		return "a list of plain names may be short"
	}
	l, ok := loop.(*ast.ForStmt)
	if !ok {
		return ""
	}
	s, ok := f.Next(l)
	switch {
	case !ok:
		return ""
	case f.PerItem():
		return "it may be one file of many"
	case s.Kind == flow.Local && !s.Unpacked && !f.HandsEach() && !flow.HasList(g.elem):
		return "a file of one flat list may be small"
	}
	return ""
}
