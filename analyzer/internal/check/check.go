package check

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"reflect"
	"slices"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/comment"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
	"github.com/syncmem/syncmem/analyzer/internal/guard"
	"github.com/syncmem/syncmem/internal/baseline"
)

// Pass is one run of one check on one package.
type Pass struct {
	*analysis.Pass
	Flow *flow.Package // what is known of the package's functions

	name       string
	directives []*comment.Directive
	used       *Used
	found      []analysis.Diagnostic
}

// New makes the analyzer of a check. The wrapper around run
//
//   - catches a panic, says which check broke on which package, and loses the
//     findings of that package alone: packages above it are still analyzed;
//   - drops findings in generated files, and in tests unless asked for them;
//   - applies the ignores and the baseline, and remembers which of them were
//     needed;
//   - reports in order of position, each place once.
//
// What is in then runs after that.
func New(doc *Doc, run func(*Pass), then ...func(*Pass)) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name:       doc.Name,
		Doc:        doc.Text(),
		URL:        doc.URL(),
		Requires:   []*analysis.Analyzer{flow.Analyzer},
		ResultType: reflect.TypeFor[*Used](),
		Run: func(ap *analysis.Pass) (any, error) {
			p := newPass(ap, doc.Name)
			guard.Run(ap, doc.Name, func() {
				run(p)
				p.flush()
				for _, f := range then {
					f(p)
				}
			})
			return p.used, nil
		},
	}
}

func newPass(ap *analysis.Pass, name string) *Pass {
	fl, _ := ap.ResultOf[flow.Analyzer].(*flow.Package)
	return &Pass{
		Pass: ap, Flow: fl, name: name, used: &Used{Ignores: map[token.Pos]bool{}, Entries: map[*baseline.Entry]bool{}},
		directives: comment.Parse(ap.Fset, ap.Files),
	}
}

// Used is the result of every check: the ignores and the lines of the baseline
// that silenced something. The directive check reports the others.
type Used struct {
	Ignores map[token.Pos]bool
	Entries map[*baseline.Entry]bool
}

// UsedBy collects what the checks used that ran before this pass, and this pass
// itself.
func UsedBy(p *Pass) *Used {
	all := &Used{Ignores: maps.Clone(p.used.Ignores), Entries: maps.Clone(p.used.Entries)}
	for _, r := range p.ResultOf {
		if u, ok := r.(*Used); ok {
			maps.Copy(all.Ignores, u.Ignores)
			maps.Copy(all.Entries, u.Entries)
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

// Doubtful is before the doubt in the message of a finding of low confidence.
const Doubtful = "; low confidence: "

// Reportf reports a finding without related places or a fix.
func (p *Pass) Reportf(at ast.Node, format string, args ...any) {
	p.Report(Finding{At: at, Message: fmt.Sprintf(format, args...)})
}

// Report records a finding; the wrapper decides later whether it is shown.
func (p *Pass) Report(f Finding) {
	if f.Doubt != "" {
		if !flow.Options.Low {
			p.ignored(f.At.Pos()) // whoever looks at these findings, too, needs the ignore
			return
		}
		f.Message += Doubtful + f.Doubt
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
	var left []analysis.Diagnostic
	last := token.NoPos
	for _, d := range p.found {
		if d.Pos != last && !p.skipped(d.Pos) && !p.ignored(d.Pos) {
			left = append(left, d)
			last = d.Pos
		}
	}
	for _, d := range p.unaccepted(left) {
		p.Pass.Report(d)
	}
}

// Ignored reports whether an ignore covers a place that is one of several of a
// finding, and notes that it is needed.
func (p *Pass) Ignored(at ast.Node) bool { return p.ignored(at.Pos()) }

func (p *Pass) skipped(pos token.Pos) bool {
	return p.Flow != nil && p.Flow.Skip(pos)
}

func (p *Pass) ignored(pos token.Pos) bool {
	at := p.Fset.Position(pos)
	for _, d := range p.directives {
		if d.Covers(p.name, at) {
			p.used.Ignores[d.Pos] = true
			return true
		}
	}
	return false
}
