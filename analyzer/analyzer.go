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

// hazards are the checks that look at memory, in the order they are listed
// everywhere. The directive check comes after them, as it needs their results.
var hazards = []*analysis.Analyzer{
	wholeread.Analyzer,
	wholedecode.Analyzer,
	accumulate.Analyzer,
	trackedcopy.Analyzer,
	pinning.Analyzer,
	retain.Analyzer,
	ungated.Analyzer,
	truncated.Analyzer,
	unfiltered.Analyzer,
	lease.Analyzer,
}

var directives = directive.New(hazards...)

// All returns every check, and the firststage analyzer that holds the settings
// they share. The slice is the caller's.
func All() []*analysis.Analyzer {
	all := append([]*analysis.Analyzer(nil), hazards...)
	return append(all, directives, firststage.Analyzer)
}

// Docs returns the documentation of every check, in the order of All.
func Docs() []*Doc {
	return []*Doc{
		wholeread.Doc, wholedecode.Doc, accumulate.Doc, trackedcopy.Doc, pinning.Doc,
		retain.Doc, ungated.Doc, truncated.Doc, unfiltered.Doc, lease.Doc, directive.Doc,
	}
}
