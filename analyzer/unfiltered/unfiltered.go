package unfiltered

import (
	"flag"
	"fmt"
	"go/ast"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Analyzer is the check, with the flag -unfiltered.on.
var Analyzer = check.New(Doc, run)

var on bool

func init() {
	Analyzer.Flags.BoolVar(&on, "on", on, "report beside the other checks; -unfiltered runs it alone")
}

func run(p *check.Pass) {
	if !on && !named() {
		return
	}
	p.Flow.Use(func(pkg *flow.Package) {
		for _, f := range pkg.Funcs {
			for _, call := range f.Calls {
				inspect(p, f, call)
			}
		}
	})
}

// named reports whether the command line asks for this check by its name. Flags
// that were not given also read as true there, hence the visit of those that were.
func named() bool {
	given := false
	flag.Visit(func(f *flag.Flag) {
		given = given || f.Name == Doc.Name && f.Value.String() == "true"
	})
	return given
}

func inspect(p *check.Pass, f *flow.Func, call *ast.CallExpr) {
	list := f.ListedWhole(call)
	if list == nil {
		return
	}
	often := "in a loop"
	switch {
	case f.Answers():
		often = "for each request"
	case !f.InLoop(call):
		return
	}
	where := f.FilteredAfter(list, call)
	if where == nil {
		return
	}
	name := flow.ShortName(f.Callee(call))
	p.Report(check.Finding{
		At: call,
		Message: fmt.Sprintf("%s lists everything %s, and %s is filtered here; let its options say what is wanted, or take it page by page",
			name, often, list.Name()),
		Related: []analysis.RelatedInformation{check.Related(where, "most of it is dropped here")},
	})
}
