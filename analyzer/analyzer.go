package analyzer

import (
	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/accumulate"
	"github.com/syncmem/syncmem/analyzer/firststage"
	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/wholedecode"
	"github.com/syncmem/syncmem/analyzer/wholeread"
)

// Doc is a check's documentation as data.
type Doc = check.Doc

// checks are the checks with their documentation, in the order they are listed
// everywhere.
var checks = []struct {
	analyzer *analysis.Analyzer
	doc      *Doc
}{
	{wholeread.Analyzer, wholeread.Doc},
	{wholedecode.Analyzer, wholedecode.Doc},
	{accumulate.Analyzer, accumulate.Doc},
}

// All returns every check, and the firststage analyzer that holds the settings
// they share. The slice is the caller's.
func All() []*analysis.Analyzer {
	var all []*analysis.Analyzer
	for _, c := range checks {
		all = append(all, c.analyzer)
	}
	return append(all, firststage.Analyzer)
}

// Docs returns the documentation of every check, in the order of All.
func Docs() []*Doc {
	var all []*Doc
	for _, c := range checks {
		all = append(all, c.doc)
	}
	return all
}
