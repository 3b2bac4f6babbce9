package flow

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strings"

	"github.com/syncmem/syncmem/analyzer/internal/comment"
)

// Summary is what callers need to know of a function: the fact that crosses
// packages. Parameters are indexes; opened is a stream the function opens
// itself. Everything is a slice in a fixed order, so that equal functions have
// equal bytes and the build cache works.
type Summary struct {
	Known  bool   // there was a body to look at
	Reads  []Read // streams it reads whole and hands back
	Limits int    // 1 + the index of the reader parameter it limits
	// Bounded says the reader it returns ends by itself.
	Bounded bool
	WalkArg []int  // function parameters it calls once per item
	Opens   bool   // it opens a stream itself and reads it
	Stage   string // why it is a first stage, by directive
	Not     bool   // it is none, by directive
}

// Read is one whole read inside a function that its caller answers for.
type Read struct {
	From   int    // the parameter that is the stream, or opened
	To     int    // where the bytes go: a parameter, or result minus the result's index
	Decode bool   // decoded into To, rather than stored
	Sink   string // "io.ReadAll", or the chain "fetch > io.ReadAll"
	At     string // file:line of the sink, file without its folder
}

const (
	opened = -2
	result = -2
)

// AFact marks the type as a fact.
func (*Summary) AFact() {}

// String is what analysistest matches facts against.
func (s *Summary) String() string {
	var parts []string
	for _, r := range s.Reads {
		verb := "reads"
		if r.Decode {
			verb = "decodes"
		}
		parts = append(parts, fmt.Sprintf("%s(%d->%d %s)", verb, r.From, r.To, r.Sink))
	}
	if s.Limits > 0 {
		parts = append(parts, fmt.Sprintf("limits(%d)", s.Limits-1))
	}
	if s.Bounded {
		parts = append(parts, "bounded")
	}
	if s.Opens {
		parts = append(parts, "opens")
	}
	for _, w := range s.WalkArg {
		parts = append(parts, fmt.Sprintf("walks(%d)", w))
	}
	if s.Stage != "" {
		parts = append(parts, "firststage")
	}
	if s.Not {
		parts = append(parts, "notfirststage")
	}
	return strings.Join(parts, " ")
}

// Walks reports whether the function argument runs once per item.
func (s *Summary) Walks(index int) bool {
	for _, w := range s.WalkArg {
		if w == index {
			return true
		}
	}
	return false
}

func (s *Summary) empty() bool { return s.String() == "" }

// Failed marks a package whose summaries are missing because computing them
// crashed.
type Failed struct{}

// AFact marks the type as a fact.
func (*Failed) AFact() {}

// String is what analysistest matches facts against.
func (*Failed) String() string { return "failed" }

// SummaryOf is the summary of a function of this or any other package; for one
// without a body the empty summary.
func (p *Package) SummaryOf(fn *types.Func) *Summary {
	if f := p.byObj[fn]; f != nil {
		return f.summarize()
	}
	s := new(Summary)
	if fn.Pkg() != nil {
		p.Pass.ImportObjectFact(fn, s)
	}
	return s
}

func (p *Package) exportFacts() {
	p.exportMarks() // first: the summaries ask which types are limiters
	for _, f := range p.Funcs {
		if f.Obj == nil {
			continue
		}
		if s := f.summarize(); !s.empty() {
			p.Pass.ExportObjectFact(f.Obj, s)
		}
	}
}

// exportMarks notes directives on interface methods, so that implementers
// elsewhere inherit them, and on limiter types.
func (p *Package) exportMarks() {
	for _, file := range p.Pass.Files {
		if !hasDirective(file) {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.InterfaceType:
				for _, m := range n.Methods.List {
					p.markMethod(m)
				}
			case *ast.GenDecl:
				for _, spec := range n.Specs {
					if t, ok := spec.(*ast.TypeSpec); ok && (comment.HasVerb(t.Doc, comment.Limiter) || comment.HasVerb(n.Doc, comment.Limiter)) {
						p.Pass.ExportObjectFact(p.Info.Defs[t.Name], &Summary{Bounded: true})
					}
				}
			}
			return true
		})
	}
}

func (p *Package) markMethod(m *ast.Field) {
	if len(m.Names) != 1 || !comment.HasVerb(m.Doc, comment.FirstStage) && !comment.HasVerb(m.Comment, comment.FirstStage) {
		return
	}
	if fn, ok := p.Info.Defs[m.Names[0]].(*types.Func); ok {
		p.Pass.ExportObjectFact(fn, &Summary{Stage: "//memvet:firststage on the interface method"})
	}
}

// marked reports whether a type carries the limiter directive.
func (p *Package) marked(obj *types.TypeName) bool {
	s := new(Summary)
	return obj.Pkg() != nil && p.Pass.ImportObjectFact(obj, s) && s.Bounded
}

func hasDirective(file *ast.File) bool {
	for _, g := range file.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, comment.Prefix) {
				return true
			}
		}
	}
	return false
}

// summarize computes the summary of a function, and those of its callees
// first. In a cycle of calls the one being computed counts as empty.
func (f *Func) summarize() *Summary {
	switch f.state {
	case 1:
		return new(Summary)
	case 2:
		return f.summary
	}
	f.state = 1
	s := &Summary{Known: true}
	if comment.HasVerb(f.Doc, comment.FirstStage) {
		s.Stage = "//memvet:firststage"
	}
	s.Not = comment.HasVerb(f.Doc, comment.NotFirstStage)
	if f.Obj != nil {
		f.summarizeWalks(s)
		f.summarizeReads(s)
		f.summarizeBounds(s)
		s.Bounded = s.Bounded || f.Obj == readMethod(f.recvType()) && f.lowersField()
	}
	f.summary, f.state = s, 2
	return s
}

// summarizeWalks finds the function parameters that are called in a loop, or
// handed to somebody who does.
func (f *Func) summarizeWalks(s *Summary) {
	for _, call := range f.Calls {
		if i, ok := f.funcParam(call.Fun); ok {
			if loop, _ := f.Loop(call); loop != nil && !f.retries(loop) {
				s.addWalk(i)
			}
		}
		for n, a := range call.Args {
			if i, ok := f.funcParam(a); ok && f.walker(call, n) {
				s.addWalk(i)
			}
		}
	}
	sort.Ints(s.WalkArg)
}

func (s *Summary) addWalk(i int) {
	if !s.Walks(i) {
		s.WalkArg = append(s.WalkArg, i)
	}
}

// funcParam is the index of the function's own parameter of function type that
// the expression names.
func (f *Func) funcParam(e ast.Expr) (int, bool) {
	o := f.Object(e)
	if o == nil {
		return 0, false
	}
	if _, ok := o.Type().Underlying().(*types.Signature); !ok {
		return 0, false
	}
	p, ok := f.params[o]
	return p.index, ok && p.lit == nil
}

// summarizeBounds notes limiters: what is returned is a reader that ends.
func (f *Func) summarizeBounds(s *Summary) {
	results := f.Obj.Signature().Results()
	if results.Len() == 0 || !isReader(results.At(0).Type()) {
		return
	}
	if comment.HasVerb(f.Doc, comment.Limiter) {
		s.Bounded = true
		s.Limits = 1 + f.readerParam()
		return
	}
	bounded, seen := true, false
	f.returns(func(r *ast.ReturnStmt) {
		if len(r.Results) == 0 {
			bounded = false
			return
		}
		if f.Pkg.Info.Types[r.Results[0]].IsNil() {
			return
		}
		seen = true
		st := f.StreamOf(r.Results[0])
		bounded = bounded && st.Kind == Bounded
	})
	if !bounded || !seen {
		return
	}
	s.Bounded = true
	// Bounded by its own parameter: whether that is small is for the caller.
	if limitByParam(f) {
		s.Bounded, s.Limits = false, 1+f.readerParam()
	}
}

func (f *Func) readerParam() int {
	ps := f.Obj.Signature().Params()
	for i := range ps.Len() {
		if isReader(ps.At(i).Type()) {
			return i
		}
	}
	return 0
}

func limitByParam(f *Func) bool {
	ps := f.Obj.Signature().Params()
	for i := range ps.Len() {
		if b, ok := ps.At(i).Type().Underlying().(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
			return true
		}
	}
	return false
}

// returns calls do for the function's own return statements.
func (f *Func) returns(do func(*ast.ReturnStmt)) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			do(n)
		}
		return true
	})
}

// Returns calls do for the function's own return statements.
func (f *Func) Returns(do func(*ast.ReturnStmt)) { f.returns(do) }

// limiterType reports whether values of the type end a stream: by directive on
// the type, by name with an integer field, or because its Read method compares
// and lowers an integer field.
func (p *Package) limiterType(t types.Type) bool {
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if IsNamed(t, "io", "LimitedReader") || IsNamed(t, "io", "SectionReader") {
		return true
	}
	if !isReader(types.NewPointer(t)) {
		return false
	}
	if n, ok := types.Unalias(t).(*types.Named); ok && p.marked(n.Obj()) {
		return true
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok || !limitNames.MatchString(typeName(t)) && !p.SummaryOf(readMethod(types.NewPointer(t)).Origin()).Bounded {
		return false
	}
	for field := range st.Fields() {
		if b, ok := field.Type().Underlying().(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
			return true
		}
	}
	return false
}

func (f *Func) recvType() types.Type {
	if r := f.Obj.Signature().Recv(); r != nil {
		return r.Type()
	}
	return types.Typ[types.Invalid]
}

// lowersField reports whether the function, a Read method, both compares and
// lowers one of its receiver's fields: that is how a limiter counts.
func (f *Func) lowersField() bool {
	lowered := map[types.Object]bool{}
	compared := map[types.Object]bool{}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.SUB_ASSIGN {
				lowered[f.field(n.Lhs[0])] = true
			}
		case *ast.BinaryExpr:
			switch n.Op {
			case token.LSS, token.LEQ, token.GTR, token.GEQ, token.EQL:
				compared[f.field(n.X)] = true
				compared[f.field(n.Y)] = true
			}
		}
		return true
	})
	for o := range lowered {
		if o != nil && compared[o] {
			return true
		}
	}
	return false
}

// field is the field a selector names, or nil.
func (f *Func) field(e ast.Expr) types.Object {
	if sel, ok := ast.Unparen(e).(*ast.SelectorExpr); ok {
		return f.Pkg.Info.Uses[sel.Sel]
	}
	return nil
}
