package analyzer

import (
	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/accumulate"
	"github.com/syncmem/syncmem/analyzer/firststage"
	"github.com/syncmem/syncmem/analyzer/wholedecode"
	"github.com/syncmem/syncmem/analyzer/wholeread"
)

// All returns every check, and the firststage analyzer that holds the settings
// they share. The slice is the caller's.
func All() []*analysis.Analyzer {
	return []*analysis.Analyzer{
		wholeread.Analyzer,
		wholedecode.Analyzer,
		accumulate.Analyzer,
		firststage.Analyzer,
	}
}
