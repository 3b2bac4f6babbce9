// Package firststage holds the settings of how first stages are found. It is
// an analyzer because go vet passes flags to analyzers and to nothing else; it
// reports only where the analysis itself failed.
package firststage

import (
	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
	"github.com/syncmem/syncmem/analyzer/internal/guard"
)

// Analyzer has the flags -firststage.returns, .confidence, .tests, .queues,
// .outs, .ifaces, .maxbound and .baseline.
var Analyzer = &analysis.Analyzer{
	Name: "firststage",
	Doc: `firststage settles what a first stage is

A first stage is the producer of a sync: it reads metadata and emits units. The
checks look at first stages and at the helpers they call. A function is one,
in this order, when

  - it, or an interface method it implements, is marked //memvet:firststage
    (//memvet:notfirststage REASON wins over everything);
  - it implements one of -firststage.ifaces;
  - it is handed the pipeline's Out (-firststage.outs) and no In;
  - it reads a stream and puts into an accounted queue (-firststage.queues);
  - it reads a stream and emits: sends units to a channel, calls a callback or
    yield, or calls a Put, Push, Send, Emit, Enqueue or Publish in a loop;
  - it reads a stream and returns, keeps or writes on all of it, unless
    -firststage.returns=false.

A finding is sure when the code shows that the stream is large, or that nothing
says it is small. -confidence=low reports the others as well, each
with the reason for the doubt.

Every finding says which of them it was.`,
	URL:      "https://github.com/syncmem/syncmem/blob/main/docs/checks/README.md",
	Requires: []*analysis.Analyzer{flow.Analyzer},
	Run:      run,
}

// run reports what no check can: a crash on this package's facts, or on those of
// the packages it imports, whose helpers are not seen through then; and a
// baseline that cannot be read.
func run(pass *analysis.Pass) (any, error) {
	if err := check.BaselineError(pass); err != nil {
		guard.Report(pass, "memvet/firststage: "+err.Error())
	}
	p := pass.ResultOf[flow.Analyzer].(*flow.Package)
	if p.Broken != "" {
		guard.Report(pass, p.Broken)
	}
	for _, imported := range pass.Pkg.Imports() {
		if why, failed := p.FailedImport(imported); failed {
			guard.Report(pass, "memvet/firststage: helpers of "+imported.Path()+" are not seen through: "+why)
		}
	}
	return nil, nil
}

func init() {
	o := &flow.Options
	fs := &Analyzer.Flags
	fs.BoolVar(&o.Returns, "returns", o.Returns, "functions that read a stream and return or keep all they parsed are first stages too")
	fs.Var(&o.Low, "confidence", "how sure a finding must be: `high`, or low for all of them")
	fs.BoolVar(&o.Tests, "tests", o.Tests, "report in _test.go files too")
	fs.Int64Var(&o.MaxBound, "maxbound", o.MaxBound, "a limit above this many `bytes` counts as none")
	fs.StringVar(&o.Baseline, "baseline", "", "leave out the findings listed in this `file`, NAME.baseline beside go.mod or .git, and report its lines that are stale")
	fs.Var(&o.Queues, "queues", "comma-separated `types` (path.Name) that accept units and account for them")
	fs.Var(&o.Outs, "outs", "comma-separated `types` (path.Name) a first stage is handed to emit into")
	fs.Var(&o.Ifaces, "ifaces", "comma-separated `interfaces` (path.Name) whose methods are first stages")
}
