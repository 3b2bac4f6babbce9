package truncated

import (
	"fmt"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Analyzer is the check.
var Analyzer = check.New(Doc, func(p *check.Pass) {
	p.Flow.Use(func(pkg *flow.Package) {
		for _, f := range pkg.Funcs {
			for _, s := range f.Sinks() {
				inspect(p, f, s)
			}
		}
	})
})

// inspect reports a limiter behind which a document is read as a whole.
func inspect(p *check.Pass, f *flow.Func, s *flow.Sink) {
	if s.Stream.Limit == nil || f.Quiet() || s.Result != nil && f.OnlyInErrors(s) {
		return
	}
	used := f.Cut(s)
	if used == "" {
		return
	}
	doubt := ""
	if f.ToldCut(s) {
		doubt = "its decoder fails on a document without its end"
	}
	p.Report(check.Finding{
		At: s.Stream.Limit, Doubt: doubt,
		Message: fmt.Sprintf("the limit cuts a larger document in silence, and what is left is %s; read one byte more than the limit and fail when it is there", used),
	})
}
