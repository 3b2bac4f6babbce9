package flow

import (
	"go/ast"
	"go/types"
)

// Role is what a function is to a sync.
type Role struct {
	Stage   bool   // a first stage, by directive, type or behaviour
	Parses  bool   // the parse-all shape, when it is asked for
	Sends   bool   // of a Stage: it only sends to a channel, as workers and servers do, too
	Answers bool   // of Parses: it is a handler, which answers a request with what it read
	Reason  string // how it was found out
}

// None reports whether the function is of no interest.
func (r Role) None() bool { return !r.Stage && !r.Parses }

// Role finds out whether the function is a first stage: by directive, by the
// pipeline's types, by an accounted queue it puts into, by behaviour, and, unless
// -firststage.returns is off, by the shape of a parser that returns or keeps all
// it read.
func (f *Func) Role() Role {
	s := f.summarize()
	if s.Not {
		return Role{}
	}
	if s.Stage != "" {
		return Role{Stage: true, Reason: "marked " + s.Stage}
	}
	for _, find := range []func() string{f.stageByInterface, f.stageByOut, f.stageByQueue} {
		if why := find(); why != "" {
			return Role{Stage: true, Reason: why}
		}
	}
	if r := f.stageByBehaviour(); r.Stage {
		return r
	}
	if Options.Returns && f.reads() && !f.tests() {
		return f.parsesAll()
	}
	return Role{}
}

// tests reports whether the function is handed a testing.T, B or TB.
func (f *Func) tests() bool {
	for _, field := range f.Type.Params.List {
		if pkg, _ := named(f.TypeOf(field.Type)); pkg == "testing" {
			return true
		}
	}
	return false
}

// stageByInterface finds methods that implement a configured interface, or one
// whose method carries the directive. Only interfaces this package or its
// imports declare can be meant.
func (f *Func) stageByInterface() string {
	if f.Obj == nil || f.Obj.Signature().Recv() == nil {
		return ""
	}
	for _, of := range f.Pkg.stageInterfaces() {
		if f.implements(of) {
			return "implements " + shortName(of)
		}
	}
	return ""
}

func (f *Func) implements(method *types.Func) bool {
	if method.Name() != f.Obj.Name() {
		return false
	}
	iface, ok := method.Signature().Recv().Type().Underlying().(*types.Interface)
	if !ok {
		return false
	}
	t := f.Obj.Signature().Recv().Type()
	return types.Implements(t, iface) || types.Implements(types.NewPointer(t), iface)
}

// stageInterfaces are the interface methods that make a first stage.
func (p *Package) stageInterfaces() []*types.Func {
	if !p.staged {
		p.stages, p.staged = p.findStageInterfaces(), true
	}
	return p.stages
}

func (p *Package) findStageInterfaces() []*types.Func {
	var all []*types.Func
	for _, f := range p.Pass.AllObjectFacts() {
		s, ok := f.Fact.(*Summary)
		fn, isFunc := f.Object.(*types.Func)
		if ok && isFunc && s.Stage != "" && fn.Signature().Recv() != nil && types.IsInterface(fn.Signature().Recv().Type()) {
			all = append(all, fn)
		}
	}
	for _, pkg := range append([]*types.Package{p.Pass.Pkg}, p.Pass.Pkg.Imports()...) {
		all = append(all, methodsOf(pkg, Options.Ifaces)...)
	}
	return all
}

func methodsOf(pkg *types.Package, ifaces List) []*types.Func {
	var all []*types.Func
	for _, name := range pkg.Scope().Names() {
		if !ifaces.Has(pkg.Path(), name) {
			continue
		}
		if it, ok := pkg.Scope().Lookup(name).Type().Underlying().(*types.Interface); ok {
			for m := range it.Methods() {
				all = append(all, m)
			}
		}
	}
	return all
}

// stageByOut finds the pipeline's own shape: it is handed an Out and no In.
// The function may be a literal given to the pipeline.
func (f *Func) stageByOut() string {
	why := ""
	f.signatures(func(t *ast.FuncType) {
		outs, ins := false, false
		for _, field := range t.Params.List {
			pkg, name := named(f.TypeOf(field.Type))
			outs = outs || Options.Outs.Has(pkg, name)
			ins = ins || pkg == pipeline && name == "In"
		}
		if outs && !ins {
			why = "is handed the pipeline's Out"
		}
	})
	return why
}

func (f *Func) signatures(do func(*ast.FuncType)) {
	do(f.Type)
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok {
			do(lit.Type)
		}
		return true
	})
}

// stageByQueue finds a Put or Reserve on an accounted queue, whether it came
// as a parameter, a field or a captured variable, in a function that reads.
func (f *Func) stageByQueue() string {
	for _, call := range f.Calls {
		if name, ok := f.QueuePut(call); ok && f.reads() {
			return "puts into a " + name
		}
	}
	return ""
}

// QueuePut reports whether the call hands a unit to an accounted queue, and
// to which type of queue.
func (f *Func) QueuePut(call *ast.CallExpr) (string, bool) {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	switch sel.Sel.Name {
	case "Put", "Reserve", "Send", "Push", "Emit":
	default:
		return "", false
	}
	pkg, name := named(f.TypeOf(sel.X))
	return name, Options.Queues.Has(pkg, name) || Options.Outs.Has(pkg, name)
}

// HandsOn reports whether the call hands units on to be kept: by name, with a
// collection or from inside a loop.
func (f *Func) HandsOn(call *ast.CallExpr) bool {
	fn := f.Callee(call)
	if fn == nil || fn.Pkg() == nil || isStdPath(fn.Pkg().Path()) || !handNames.MatchString(fn.Name()) {
		return false
	}
	for _, a := range call.Args {
		if s := ShapeOf(f.TypeOf(a)); s == Collection || s == Lookup {
			return true
		}
	}
	return f.inLoop(call) && takesUnit(f, call)
}

// HandsEach reports whether units are handed on one by one, in a loop.
func (f *Func) HandsEach() bool {
	for _, call := range f.Calls {
		if f.HandsOn(call) && f.inLoop(call) {
			return true
		}
	}
	return false
}
