package flow

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// stageByBehaviour finds functions that read a stream and emit: send to a
// channel, call back, yield, or put into something that is not the standard
// library's.
func (f *Func) stageByBehaviour() Role {
	if !f.reads() {
		return Role{}
	}
	why, sends := "", false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SendStmt:
			if f.carriesUnits(f.TypeOf(n.Chan)) && f.inLoop(n) {
				why, sends = "reads a stream and sends to a channel", true
			}
		case *ast.CallExpr:
			if i, ok := f.funcParam(n.Fun); ok && f.inLoop(n) && takesUnit(f, n) {
				why = fmt.Sprintf("reads a stream and calls its parameter %d for each unit", i+1)
			} else if f.yields(n.Fun) && f.inLoop(n) && takesUnit(f, n) {
				why = "reads a stream and returns an iterator over its units"
			} else if f.emits(n) {
				why = "reads a stream and calls " + types.ExprString(n.Fun) + " for each unit"
			}
		}
		return why == ""
	})
	return Role{Stage: why != "", Sends: sends, Reason: why}
}

// carriesUnits tells a channel of units from one of signals and errors.
func (f *Func) carriesUnits(t types.Type) bool {
	c, ok := t.Underlying().(*types.Chan)
	if !ok || IsError(c.Elem()) || IsBasic(c.Elem()) {
		return false
	}
	s, ok := c.Elem().Underlying().(*types.Struct)
	return !ok || s.NumFields() > 0
}

// CarriesUnits tells a channel of units from one of signals, errors and keys.
func (f *Func) CarriesUnits(t types.Type) bool { return f.carriesUnits(t) }

// yields reports whether the expression is the yield of an iterator that the
// function returns: a parameter of the returned literal that says whether to
// go on.
func (f *Func) yields(e ast.Expr) bool {
	o := f.Object(e)
	p, ok := f.params[o]
	if !ok || p.lit == nil {
		return false
	}
	sig, ok := o.Type().Underlying().(*types.Signature)
	if !ok || sig.Results().Len() != 1 {
		return false
	}
	_, returned := f.Parent(p.lit).(*ast.ReturnStmt)
	b, isBasic := sig.Results().At(0).Type().Underlying().(*types.Basic)
	return returned && isBasic && b.Kind() == types.Bool
}

func takesUnit(f *Func, call *ast.CallExpr) bool {
	for _, a := range call.Args {
		if t := f.TypeOf(a); !IsBasic(t) && !IsError(t) {
			return true
		}
	}
	return false
}

func (f *Func) emits(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || !emitNames.MatchString(sel.Sel.Name) || !f.inLoop(call) || !takesUnit(f, call) {
		return false
	}
	fn := f.Callee(call)
	return fn != nil && fn.Signature().Recv() != nil && fn.Pkg() != nil && !isStdPath(fn.Pkg().Path())
}

// isStdPath reports whether the package is part of the Go distribution.
func isStdPath(path string) bool {
	root, _, _ := strings.Cut(path, "/")
	return stdRoots[root]
}

func (f *Func) inLoop(n ast.Node) bool {
	loop, _ := f.Loop(n)
	return loop != nil
}

// reads reports whether the function has a stream: it is given one, opens one,
// or walks files.
func (f *Func) reads() bool {
	for o, p := range f.params {
		if p.lit == nil && p.index >= 0 && (isReader(o.Type()) || isHTTP(o.Type())) {
			return true
		}
	}
	for _, s := range f.Sinks() {
		if s.Stream.Hazard() {
			return true
		}
	}
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil {
			continue
		}
		if f.Fetches(call) || f.walksFiles(call, fn) {
			return true
		}
	}
	return false
}

// opensStream reports whether a call returns a response or a reader that is
// not over memory.
func (f *Func) opensStream(call *ast.CallExpr) bool {
	t := f.TypeOf(call)
	if tup, ok := t.(*types.Tuple); ok {
		if tup.Len() == 0 {
			return false
		}
		t = tup.At(0).Type()
	} else {
		return false // opening can fail: a lone reader wraps another
	}
	return isHTTP(t) || isReader(t) && !isBuffer(t)
}

func (f *Func) walksFiles(call *ast.CallExpr, fn *types.Func) bool {
	if fn.Pkg() == nil || len(call.Args) == 0 {
		return false
	}
	_, ok := ast.Unparen(call.Args[len(call.Args)-1]).(*ast.FuncLit)
	return ok && f.walker(call, len(call.Args)-1)
}

// lists reports whether a call returns a full listing of something kept
// elsewhere: by name, with a slice of structs and an error for results.
func (f *Func) lists(call *ast.CallExpr, fn *types.Func) bool {
	if fn.Pkg() == nil || isStdPath(fn.Pkg().Path()) || !listCalls.MatchString(fn.Name()) {
		return false
	}
	tup, ok := f.TypeOf(call).(*types.Tuple)
	return ok && tup.Len() == 2 && IsError(tup.At(1).Type()) && ShapeOf(tup.At(0).Type()) == Collection
}

// Listed reports whether the variable holds a full listing.
func (f *Func) Listed(o types.Object, use token.Pos) bool {
	d := f.last(o, use)
	if d == nil || d.index != 0 || d.each {
		return false
	}
	call, ok := ast.Unparen(d.rhs).(*ast.CallExpr)
	if !ok {
		return false
	}
	fn := f.Callee(call)
	return fn != nil && f.lists(call, fn)
}
