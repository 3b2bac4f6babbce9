package flow

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Place says how often a place runs, seen from the function it is in.
type Place uint8

// The places.
const (
	Once    Place = iota
	PerFeed       // a loop over a list that is in the source or came as a parameter: a few feeds
	PerPage       // a loop that asks for the next page
	PerItem       // a loop over items, a walk's callback
)

// PlaceOf says how often the node runs for a stream opened at pos. A loop the
// stream was opened outside of reads on in the same stream and does not count,
// except that reading on is what streaming is: that is for the caller to tell.
func (f *Func) PlaceOf(n ast.Node, s Stream) Place {
	if f.inTask(n, s) {
		return PerItem
	}
	for at := n; at != nil; at = f.Parent(at) {
		if p := f.placeIn(at, s); p != Once {
			return p
		}
	}
	return f.calledPer(0)
}

// inTask reports whether the stream is opened and read in a task, one for each
// round of a loop over items: a goroutine's literal, or one sent to workers. A
// loop inside of the task tries again, or goes through one item.
func (f *Func) inTask(n ast.Node, s Stream) bool {
	return f.Inside(n, func(at ast.Node) bool {
		lit, ok := at.(*ast.FuncLit)
		if !ok || !within(s.Pos, lit) || !f.isTask(lit) {
			return false
		}
		loop, _ := f.Loop(lit)
		r, ok := loop.(*ast.RangeStmt)
		return ok && !f.Static(r)
	})
}

// sent reports whether the variable is sent to a channel.
func (f *Func) sent(o types.Object) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if s, ok := n.(*ast.SendStmt); ok && o != nil && f.Object(s.Value) == o {
			found = true
		}
		return !found
	})
	return found
}

// isTask reports whether the literal is started with go or sent to a channel.
func (f *Func) isTask(lit *ast.FuncLit) bool {
	switch p := f.Parent(lit).(type) {
	case *ast.SendStmt:
		return p.Value == lit
	case *ast.AssignStmt: // fn := func() {...}; tasks <- fn
		return len(p.Lhs) == 1 && f.sent(f.Object(p.Lhs[0]))
	case *ast.CallExpr:
		_, started := f.Parent(p).(*ast.GoStmt)
		return started && p.Fun == lit
	}
	return false
}

func (f *Func) placeIn(at ast.Node, s Stream) Place {
	switch at := at.(type) {
	case *ast.RangeStmt:
		if within(s.Pos, at.Body) && !f.retries(at) {
			return f.rangePlace(at)
		}
	case *ast.ForStmt:
		if within(s.Pos, at) && !f.retries(at) {
			if f.countsItems(at.Cond) || f.takesMembers(at) {
				return PerItem
			}
			return PerPage
		}
	case *ast.FuncLit:
		if f.walks(at, s) {
			return PerItem
		}
	}
	return Once
}

// rangePlace tells a loop over feeds from one over items by what is ranged
// over: literals, package variables, integers and the function's own strings
// are lists somebody wrote down; anything else was fetched.
func (f *Func) rangePlace(r *ast.RangeStmt) Place {
	x := ast.Unparen(r.X)
	if _, ok := x.(*ast.CompositeLit); ok {
		return PerFeed
	}
	t := f.TypeOf(x).Underlying()
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
		return PerFeed
	}
	if call, ok := x.(*ast.CallExpr); ok && f.asksSettings(call) {
		return PerFeed
	}
	o := f.Object(x)
	if o == nil {
		return f.fieldPlace(x)
	}
	if o.Parent() == f.Pkg.Pass.Pkg.Scope() {
		return PerFeed
	}
	if s, ok := t.(*types.Slice); ok && IsBasic(s.Elem()) {
		if _, ok := f.params[o]; ok {
			return PerFeed
		}
	}
	if d := f.last(o, x.Pos()); d != nil && !d.each {
		switch rhs := ast.Unparen(d.rhs).(type) {
		case *ast.CompositeLit:
			return PerFeed
		case *ast.CallExpr:
			if f.asksSettings(rhs) {
				return PerFeed
			}
		case *ast.SelectorExpr:
			return f.fieldPlace(rhs)
		}
	}
	return PerItem
}

// fieldPlace judges a range over a field: what settings list, and addresses that
// the receiver or a parameter has, are as few as somebody wrote down.
func (f *Func) fieldPlace(x ast.Expr) Place {
	sel, ok := x.(*ast.SelectorExpr)
	if !ok {
		return PerItem
	}
	if f.isSetting(sel) {
		return PerFeed
	}
	p, ok := f.params[f.Root(sel)]
	if !ok || p.lit != nil || f.field(sel) == nil {
		return PerItem
	}
	var elem types.Type
	switch t := f.TypeOf(sel).Underlying().(type) {
	case *types.Slice:
		elem = t.Elem()
	case *types.Map:
		elem = t.Elem()
	default:
		return PerItem
	}
	switch elem.Underlying().(type) {
	case *types.Basic, *types.Interface, *types.Signature:
		return PerFeed // addresses, or parsers
	}
	return PerItem
}

// countsItems reports whether a for loop's condition goes through items that
// are at hand or taken one by one: i < len(x), rows.Next().
func (f *Func) countsItems(cond ast.Expr) bool {
	found := false
	if cond == nil {
		return false
	}
	ast.Inspect(cond, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch fun := ast.Unparen(call.Fun).(type) {
			case *ast.Ident:
				found = found || fun.Name == "len"
			case *ast.SelectorExpr:
				found = found || nextNames.MatchString(fun.Sel.Name)
			}
		}
		return !found
	})
	return found
}

// takesMembers reports whether a loop takes the next member of an archive each
// time round.
func (f *Func) takesMembers(l *ast.ForStmt) bool {
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn != nil && within(call.Pos(), l.Body) && fn.FullName() == "(*archive/tar.Reader).Next" {
			return true
		}
	}
	return false
}

// walks reports whether the literal is a callback run once per item for this
// stream: the stream is its parameter or opened inside from one, and whoever
// takes the literal calls it in a loop.
func (f *Func) walks(lit *ast.FuncLit, s Stream) bool {
	call, index := f.takenBy(lit)
	if call == nil {
		return false
	}
	if s.Lit != lit && !within(s.Pos, lit) {
		return false
	}
	return f.walker(call, index)
}

// walker reports whether the call's function argument runs once per item.
func (f *Func) walker(call *ast.CallExpr, index int) bool {
	fn := f.Callee(call)
	if fn == nil {
		return false
	}
	if sum := f.Pkg.SummaryOf(fn); sum.Known {
		return sum.Walks(index)
	}
	return walkNames.MatchString(fn.Name())
}

// takenBy is the call the literal is an argument of.
func (f *Func) takenBy(lit *ast.FuncLit) (*ast.CallExpr, int) {
	call, ok := f.Parent(lit).(*ast.CallExpr)
	if !ok {
		return nil, 0
	}
	for i, a := range call.Args {
		if ast.Unparen(a) == lit {
			return call, i
		}
	}
	return nil, 0
}

// calledPer says how often the function itself runs, by the calls of it in its
// package: per item if every call is. An exported function nobody here calls
// runs once, as far as anyone can tell.
func (f *Func) calledPer(depth int) Place {
	if f.Obj == nil || depth > 4 {
		return Once
	}
	sites := f.Pkg.sites[f.Obj]
	if len(sites) == 0 && !f.calledBack() {
		return Once
	}
	least := PerItem
	for _, s := range sites {
		if s.Caller == f {
			continue
		}
		least = min(least, s.Caller.sitePlace(s.Call, depth))
	}
	return least
}

// calledBack reports whether the function is given a stream and is used as a
// value in its package: something registers it to be called for each file.
func (f *Func) calledBack() bool {
	given := false
	for t := range f.Obj.Signature().Params().Variables() {
		given = given || isReader(t.Type())
	}
	return given && f.Pkg.valueUses()[f.Obj] > len(f.Pkg.sites[f.Obj])
}

// valueUses counts the uses of the package's functions, calls among them.
func (p *Package) valueUses() map[*types.Func]int {
	if p.uses == nil {
		p.uses = map[*types.Func]int{}
		for _, o := range p.Info.Uses {
			if fn, ok := o.(*types.Func); ok && fn.Pkg() == p.Pass.Pkg {
				p.uses[fn.Origin()]++
			}
		}
	}
	return p.uses
}

// PerItem reports whether the function itself runs once for every item.
func (f *Func) PerItem() bool { return f.calledPer(0) == PerItem }

// sitePlace says how often a call runs in its function.
func (f *Func) sitePlace(call *ast.CallExpr, depth int) Place {
	for at := ast.Node(call); at != nil; at = f.Parent(at) {
		if p := f.placeIn(at, Stream{Pos: call.Pos()}); p != Once {
			return p
		}
	}
	return f.calledPer(depth + 1)
}

// Loop is the innermost loop or walk callback around the node, with its body,
// or nil. Callbacks count when they run once per item.
func (f *Func) Loop(n ast.Node) (loop ast.Node, body *ast.BlockStmt) {
	for at := f.Parent(n); at != nil; at = f.Parent(at) {
		switch at := at.(type) {
		case *ast.ForStmt:
			return at, at.Body
		case *ast.RangeStmt:
			return at, at.Body
		case *ast.FuncLit:
			if call, i := f.takenBy(at); call != nil && f.walker(call, i) {
				return at, at.Body
			}
		}
	}
	return nil, nil
}

// Inside reports whether a node of the kind wanted is around n.
func (f *Func) Inside(n ast.Node, wanted func(ast.Node) bool) bool {
	for at := f.Parent(n); at != nil; at = f.Parent(at) {
		if wanted(at) {
			return true
		}
	}
	return false
}

// Paged reports whether what a loop requests is a page of a stated size: the
// function has a string, constant or name that says how much is wanted, or an
// integer that counts pages.
func (f *Func) Paged(loop ast.Node) bool {
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			found = found || n.Kind == token.STRING && pageText.MatchString(trimQuotes(n.Value))
		case *ast.Ident:
			found = found || pageText.MatchString(n.Name) || n.Name == "page"
		}
		return !found
	})
	return found
}

func trimQuotes(s string) string {
	if len(s) >= 2 {
		return s[1 : len(s)-1]
	}
	return s
}
