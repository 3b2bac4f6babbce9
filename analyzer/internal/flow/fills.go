package flow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// Fill is a place where a function puts unit after unit into a queue that it
// made, before anything could have taken one.
type Fill struct {
	Queue types.Object
	Made  *ast.CallExpr // what made the queue
	At    ast.Node      // the first put, or the call of a helper that puts
	Taken ast.Node      // the first use that may take units, below; or nil
}

// Fills are the queues that the function makes, fills in its own goroutine, and
// lets nobody take from before. A put that waits is then never woken.
func (f *Func) Fills() []Fill {
	var all []Fill
	for _, call := range f.Calls {
		q := f.takes(call, 0)
		if q == nil || len(f.defs[q]) != 1 || !f.makesQueue(call) {
			continue
		}
		uses, ok := f.queueUses(q)
		if !ok {
			continue
		}
		if fill, ok := f.filledFirst(uses); ok {
			fill.Queue, fill.Made = q, call
			all = append(all, fill)
		}
	}
	return all
}

// makesQueue reports whether the call makes a channel of units or an accounted
// queue.
func (f *Func) makesQueue(call *ast.CallExpr) bool {
	t := f.TypeOf(call)
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok && id.Name == "make" {
		_, isChan := t.Underlying().(*types.Chan)
		return isChan && f.carriesUnits(t)
	}
	return IsQueue(t)
}

// queueUse is one use of a queue.
type queueUse struct {
	at   ast.Node
	put  bool
	loop ast.Node // of a put: the outermost loop around it that the queue is made outside of, or a helper's call
}

// queueUses are the uses of a queue in order, closing it left out. It is false
// where something asks how full the queue is: that is a limit of its own.
func (f *Func) queueUses(q types.Object) (uses []queueUse, ok bool) {
	ok = true
	ast.Inspect(f.Body, func(n ast.Node) bool {
		id, isIdent := n.(*ast.Ident)
		if !isIdent || f.Pkg.Info.Uses[id] != q || !ok {
			return ok
		}
		switch u, kind := f.queueUse(id, q); kind {
		case useMeasures:
			ok = false
		case useCloses:
		default:
			uses = append(uses, u)
		}
		return ok
	})
	return uses, ok
}

const (
	useOther = iota
	useCloses
	useMeasures
)

func (f *Func) queueUse(id *ast.Ident, q types.Object) (queueUse, int) {
	other := queueUse{at: id}
	switch p := f.Parent(id).(type) {
	case *ast.SendStmt:
		if p.Chan == id && f.mustSend(p) {
			return f.put(p, q, nil), useOther
		}
	case *ast.SelectorExpr:
		call, ok := f.Parent(p).(*ast.CallExpr)
		if !ok || call.Fun != p {
			break
		}
		switch name := p.Sel.Name; {
		case name == "Close":
			return other, useCloses
		case name == "Len":
			return other, useMeasures
		case name == "Put", name == "Reserve":
			return f.put(call, q, nil), useOther
		}
	case *ast.CallExpr:
		if fun, ok := p.Fun.(*ast.Ident); ok {
			switch fun.Name {
			case "close":
				return other, useCloses
			case "len", "cap":
				return other, useMeasures
			}
		}
		fn := f.Callee(p)
		if i := slices.Index(p.Args, ast.Expr(id)); fn != nil && i >= 0 && slices.Contains(f.Pkg.SummaryOf(fn).Fills, i) && !f.listsFew(p) {
			return f.put(p, q, p), useOther
		}
	}
	return other, useOther
}

// listsFew reports whether a call is given a list that is in the source, or a
// struct that has one: then the puts are as many.
func (f *Func) listsFew(call *ast.CallExpr) bool {
	for _, a := range call.Args {
		if d := f.last(f.Object(a), a.Pos()); d != nil && !d.each && d.index < 0 {
			a = d.rhs
		}
		found := false
		ast.Inspect(a, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if ok {
				_, isList := f.TypeOf(lit).Underlying().(*types.Slice)
				found = found || isList
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// put is a put in the function's own goroutine; in another one it is just a use.
func (f *Func) put(at ast.Node, q types.Object, helper ast.Node) queueUse {
	u := queueUse{at: at, put: true, loop: helper}
	for n := f.Parent(at); n != nil; n = f.Parent(n) {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.DeferStmt:
			return queueUse{at: at}
		case *ast.FuncLit:
			if within(q.Pos(), n) {
				return u
			}
			call, i := f.takenBy(n)
			if call == nil || !f.walker(call, i) {
				return queueUse{at: at}
			}
			u.loop = call
		case *ast.RangeStmt:
			if !within(q.Pos(), n) && !f.Static(n) {
				u.loop = n
			}
		case *ast.ForStmt:
			if !within(q.Pos(), n) && !f.counts(n) && !f.retries(n) {
				u.loop = n
			}
		}
	}
	return u
}

// mustSend reports whether a send waits until there is room: it is in no select
// that has another way out than a context's end.
func (f *Func) mustSend(s *ast.SendStmt) bool {
	clause, ok := f.Parent(s).(*ast.CommClause)
	if !ok || clause.Comm != ast.Stmt(s) {
		return true
	}
	body, _ := f.Parent(clause).(*ast.BlockStmt)
	for _, c := range body.List {
		c := c.(*ast.CommClause)
		if c == clause {
			continue
		}
		recv, ok := c.Comm.(*ast.ExprStmt)
		if !ok {
			return false // default, another send, or a value that is received
		}
		u, ok := ast.Unparen(recv.X).(*ast.UnaryExpr)
		if !ok || u.Op != token.ARROW || f.carriesUnits(f.TypeOf(u.X)) {
			return false
		}
	}
	return true
}

// counts reports whether a for loop's condition compares with a constant.
func (f *Func) counts(l *ast.ForStmt) bool {
	b, ok := l.Cond.(*ast.BinaryExpr)
	if !ok {
		return false
	}
	_, x := f.constant(b.X)
	_, y := f.constant(b.Y)
	return x || y
}

// filledFirst is the fill among a queue's uses: a put that is repeated, and
// nothing above the end of its loop that may take.
func (f *Func) filledFirst(uses []queueUse) (Fill, bool) {
	var fill Fill
	end := token.NoPos
	for _, u := range uses {
		switch {
		case u.put && u.loop != nil && fill.At == nil:
			fill.At, end = u.at, u.loop.End()
		case u.put:
		case fill.At == nil || u.at.Pos() < end:
			return Fill{}, false
		case fill.Taken == nil:
			fill.Taken = u.at
		}
	}
	return fill, fill.At != nil
}

// summarizeFills notes the parameters that are queues and that the function only
// puts into, one unit after the other, before it returns.
func (f *Func) summarizeFills(s *Summary) {
	for o, p := range f.params {
		if p.lit != nil || p.index < 0 || len(f.defs[o]) > 0 {
			continue
		}
		if c, isChan := o.Type().Underlying().(*types.Chan); !IsQueue(o.Type()) && !IsNamed(o.Type(), memacct, "Sender") && !(isChan && c.Dir() != types.RecvOnly && f.carriesUnits(c)) {
			continue
		}
		uses, ok := f.queueUses(o)
		if fill, filled := f.filledFirst(uses); ok && filled && fill.Taken == nil {
			s.Fills = append(s.Fills, p.index)
		}
	}
	slices.Sort(s.Fills)
}
