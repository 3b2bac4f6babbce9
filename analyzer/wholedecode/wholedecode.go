package wholedecode

import (
	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/whole"
)

// Analyzer is the check.
var Analyzer = check.New(Doc, func(p *check.Pass) {
	whole.Report(p, true)
})
