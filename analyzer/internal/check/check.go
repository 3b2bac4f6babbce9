package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"reflect"
	"slices"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/comment"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
	"github.com/syncmem/syncmem/analyzer/internal/guard"
)

// names are the checks an ignore may name; a fixed list, because a check that
// only learns of the others when they are linked in would call their ignores
// malformed.
var names = []string{"wholeread", "wholedecode", "accumulate", "trackedcopy", "pinning", "retain", "ungated", "truncated", "lease", "directive"}

// Known reports whether name is a check.
func Known(name string) bool { return slices.Contains(names, name) }

// Pass is one run of one check on one package.
type Pass struct {
	*analysis.Pass
	Flow *flow.Package // what is known of the package's functions

	name       string
	directives []*comment.Directive
	used       Used
	found      []analysis.Diagnostic
}

// New makes the analyzer of a check. The wrapper around run
//
//   - catches a panic, says which check broke on which package, and loses the
//     findings of that package alone: packages above it are still analyzed;
//   - drops findings in generated files, and in tests unless asked for them;
//   - applies the ignores and remembers which of them were needed;
//   - reports in order of position, each place once.
func New(doc *Doc, run func(*Pass)) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name:       doc.Name,
		Doc:        doc.Text(),
		URL:        doc.URL(),
		Requires:   []*analysis.Analyzer{flow.Analyzer},
		ResultType: reflect.TypeFor[Used](),
		Run: func(ap *analysis.Pass) (any, error) {
			p := newPass(ap, doc.Name)
			guard.Run(ap, doc.Name, func() {
				run(p)
				p.flush()
			})
			return p.used, nil
		},
	}
}

func newPass(ap *analysis.Pass, name string) *Pass {
	fl, _ := ap.ResultOf[flow.Analyzer].(*flow.Package)
	return &Pass{
		Pass: ap, Flow: fl, name: name, used: Used{},
		directives: comment.Parse(ap.Fset, ap.Files, Known),
	}
}

// Used is the result of every check: the ignores that silenced something. The
// directive check reports the others.
type Used map[token.Pos]bool

// UsedBy collects the ignores used by the checks that ran before this pass.
func UsedBy(pass *analysis.Pass) Used {
	all := Used{}
	for _, r := range pass.ResultOf {
		if u, ok := r.(Used); ok {
			for pos := range u {
				all[pos] = true
			}
		}
	}
	return all
}

// Finding is what a check reports.
type Finding struct {
	At      ast.Node
	Message string
	Related []analysis.RelatedInformation
	Fixes   []analysis.SuggestedFix
	Doubt   string // why the finding may be wrong, or ""; with a doubt it needs -confidence=low
}

// Reportf reports a finding without related places or a fix.
func (p *Pass) Reportf(at ast.Node, format string, args ...any) {
	p.Report(Finding{At: at, Message: fmt.Sprintf(format, args...)})
}

// Report records a finding; the wrapper decides later whether it is shown.
func (p *Pass) Report(f Finding) {
	if f.Doubt != "" {
		if !flow.Options.Low {
			return
		}
		f.Message += "; low confidence: " + f.Doubt
	}
	p.found = append(p.found, analysis.Diagnostic{
		Pos: f.At.Pos(), End: f.At.End(), Category: p.name,
		Message:        "memvet/" + p.name + ": " + f.Message,
		Related:        f.Related,
		SuggestedFixes: f.Fixes,
	})
}

// Related makes a related place.
func Related(at ast.Node, format string, args ...any) analysis.RelatedInformation {
	return analysis.RelatedInformation{Pos: at.Pos(), End: at.End(), Message: fmt.Sprintf(format, args...)}
}

func (p *Pass) flush() {
	slices.SortStableFunc(p.found, func(a, b analysis.Diagnostic) int { return int(a.Pos - b.Pos) })
	last := token.NoPos
	for _, d := range p.found {
		if d.Pos != last && !p.skipped(d.Pos) && !p.ignored(d.Pos) {
			p.Pass.Report(d)
			last = d.Pos
		}
	}
}

func (p *Pass) skipped(pos token.Pos) bool {
	return p.Flow != nil && p.Flow.Skip(pos)
}

func (p *Pass) ignored(pos token.Pos) bool {
	at := p.Fset.Position(pos)
	for _, d := range p.directives {
		if d.Covers(p.name, at) {
			p.used[d.Pos] = true
			return true
		}
	}
	return false
}
