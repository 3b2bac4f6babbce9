package directive

import (
	"go/ast"
	"go/token"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/comment"
)

// New makes the check. It needs the results of the others: which ignores and
// which lines of the baseline they used. They and itself are what an ignore may
// name.
func New(others ...*analysis.Analyzer) *analysis.Analyzer {
	known := map[string]bool{Doc.Name: true}
	for _, a := range others {
		known[a.Name] = true
	}
	a := check.New(Doc, func(p *check.Pass) { run(p, known) }, check.ReportStale)
	a.Requires = append(a.Requires, others...)
	return a
}

func run(p *check.Pass, known map[string]bool) {
	used := check.UsedBy(p).Ignores
	var placed map[token.Pos]bool // built only for packages that have one to place
	for _, d := range comment.Parse(p.Fset, p.Files) {
		at := span{d.Pos, d.End}
		switch {
		case d.Verb == comment.Ignore && d.Check != "" && !known[d.Check]:
			p.Reportf(at, "the directive names %q, which is no check; \"memvet explain\" lists them", d.Check)
		case d.Problem != "":
			p.Reportf(at, "the directive %s", d.Problem)
		case d.Verb == comment.Ignore && d.Check != Doc.Name && !used[d.Pos]:
			p.Reportf(at, "the ignore of %s silences nothing here; remove it, or put it on the line of the finding or alone on the line above", d.Check)
		case d.Verb != comment.Ignore:
			if placed == nil {
				placed = places(p.Files)
			}
			if !placed[d.Pos] {
				p.Reportf(at, "the directive %s marks nothing; it belongs in the comment above a function, an interface's method, or for limiter a type", d.Verb)
			}
		}
	}
}

type span struct{ pos, end token.Pos }

func (s span) Pos() token.Pos { return s.pos }
func (s span) End() token.Pos { return s.end }

// places are the comments above functions, interface methods and types.
func places(files []*ast.File) map[token.Pos]bool {
	all := map[token.Pos]bool{}
	add := func(groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if g == nil {
				continue
			}
			for _, c := range g.List {
				all[c.Pos()] = true
			}
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				add(n.Doc)
			case *ast.GenDecl:
				add(n.Doc)
			case *ast.TypeSpec:
				add(n.Doc, n.Comment)
			case *ast.InterfaceType:
				for _, m := range n.Methods.List {
					add(m.Doc, m.Comment)
				}
			}
			return true
		})
	}
	return all
}
