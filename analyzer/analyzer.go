package analyzer

import (
	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/accumulate"
	"github.com/syncmem/syncmem/analyzer/directive"
	"github.com/syncmem/syncmem/analyzer/firststage"
	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/lease"
	"github.com/syncmem/syncmem/analyzer/pinning"
	"github.com/syncmem/syncmem/analyzer/retain"
	"github.com/syncmem/syncmem/analyzer/trackedcopy"
	"github.com/syncmem/syncmem/analyzer/truncated"
	"github.com/syncmem/syncmem/analyzer/unfiltered"
	"github.com/syncmem/syncmem/analyzer/ungated"
	"github.com/syncmem/syncmem/analyzer/wholedecode"
	"github.com/syncmem/syncmem/analyzer/wholeread"
)

// Doc is a check's documentation as data.
type Doc = check.Doc

// Doubtful is in the message of every finding of low confidence, before the
// reason for the doubt.
const Doubtful = check.Doubtful

// checks are the checks that look at memory, in the order they are listed
// everywhere. It is the one list of them: what an ignore may name, the command's
// flags, the pages and the plugin come from it. The directive check is after
// them, as it needs their results.
var checks = []struct {
	analyzer *analysis.Analyzer
	doc      *Doc
}{
	{wholeread.Analyzer, wholeread.Doc},
	{wholedecode.Analyzer, wholedecode.Doc},
	{accumulate.Analyzer, accumulate.Doc},
	{trackedcopy.Analyzer, trackedcopy.Doc},
	{pinning.Analyzer, pinning.Doc},
	{retain.Analyzer, retain.Doc},
	{ungated.Analyzer, ungated.Doc},
	{truncated.Analyzer, truncated.Doc},
	{unfiltered.Analyzer, unfiltered.Doc},
	{lease.Analyzer, lease.Doc},
}

var directives = directive.New(hazards()...)

func hazards() []*analysis.Analyzer {
	all := make([]*analysis.Analyzer, 0, len(checks)+2)
	for _, c := range checks {
		all = append(all, c.analyzer)
	}
	return all
}

// All returns every check, and the firststage analyzer that holds the settings
// they share. The slice is the caller's.
func All() []*analysis.Analyzer { return append(hazards(), directives, firststage.Analyzer) }

// Docs returns the documentation of every check, in the order of All.
func Docs() []*Doc {
	all := make([]*Doc, 0, len(checks)+1)
	for _, c := range checks {
		all = append(all, c.doc)
	}
	return append(all, directive.Doc)
}
