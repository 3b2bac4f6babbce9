package flow

import (
	"fmt"
	"go/ast"
	"go/types"
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
	WalkArg []int // function parameters it calls once per item
	Opens   bool  // it opens a stream itself and reads it
	Fetches bool  // it gives its caller something of a stream that it, or a function it calls, opens
	Parses  []Parse
	Cuts    []int  // parameters of text that it returns a part of
	Streams []int  // parameters of bytes that it only reads from the start or writes
	Pages   []int  // parameters that are readers of a page of HTML
	Feeds   []int  // function parameters it hands a stream that it opens
	Fills   []int  // parameters that are queues it puts unit after unit into, and does nothing else with
	Stage   string // why it is a first stage, by directive
	Not     bool   // it is none, by directive
}

// Read is one whole read inside a function that its caller answers for.
type Read struct {
	From   int    // the parameter that is the stream, or opened
	To     int    // where the bytes go: a parameter, or result minus the result's index
	Decode bool   // decoded into To, rather than stored
	Format string // of the document, where a decoder of it is used: "json"
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
	if s.Fetches {
		parts = append(parts, "fetches")
	}
	for _, p := range s.Parses {
		parts = append(parts, fmt.Sprintf("parses(%d->%d)", p.Bytes, p.To))
	}
	for _, i := range s.Cuts {
		parts = append(parts, fmt.Sprintf("cuts(%d)", i))
	}
	for _, i := range s.Streams {
		parts = append(parts, fmt.Sprintf("streams(%d)", i))
	}
	for _, i := range s.Pages {
		parts = append(parts, fmt.Sprintf("page(%d)", i))
	}
	for _, i := range s.Feeds {
		parts = append(parts, fmt.Sprintf("feeds(%d)", i))
	}
	for _, i := range s.Fills {
		parts = append(parts, fmt.Sprintf("fills(%d)", i))
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
type Failed struct{ Message string }

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
