package check

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/flow"
	"github.com/syncmem/syncmem/internal/baseline"
)

// BaselineError says why the baseline of -baseline cannot be used for a package.
func BaselineError(pass *analysis.Pass) error {
	_, err := load(dir(pass))
	return err
}

// load is the baseline of -baseline for the packages of a folder, or nil.
func load(dir string) (*baseline.File, error) {
	if flow.Options.Baseline == "" {
		return nil, nil
	}
	name, err := baseline.Find(dir, flow.Options.Baseline)
	if err != nil {
		return nil, err
	}
	once, _ := loaded.LoadOrStore(name, sync.OnceValues(func() (*baseline.File, error) { return baseline.Read(name) }))
	return once.(func() (*baseline.File, error))()
}

// loaded has a func() (*baseline.File, error) for each name: golangci-lint
// analyzes many packages in one process.
var loaded sync.Map

// dir is the package's folder.
func dir(p *analysis.Pass) string {
	for _, f := range p.Files {
		if name := p.Fset.Position(f.Package).Filename; filepath.IsAbs(name) {
			return filepath.Dir(name)
		}
	}
	wd, err := os.Getwd() // go vet runs its tool there
	if err != nil {
		return "."
	}
	return wd
}

// unaccepted are the diagnostics that the baseline does not list. Of a baseline
// that cannot be read the firststage analyzer says so.
func (p *Pass) unaccepted(found []analysis.Diagnostic) []analysis.Diagnostic {
	list, err := load(dir(p.Pass))
	if err != nil || list == nil || len(found) == 0 {
		return found
	}
	lines := baseline.Lines{}
	known := make([]baseline.Finding, len(found))
	for i, d := range found {
		at := p.Fset.Position(d.Pos)
		known[i] = baseline.Finding{
			Check: p.name, Package: baseline.Package(p.Pkg.Path()), File: list.Rel(at.Filename), Text: lines.Text(at.Filename, at.Line),
		}
	}
	var left []analysis.Diagnostic
	for i, e := range list.Match(known) {
		if e == nil {
			left = append(left, found[i])
		} else {
			p.used.Entries[e] = true
		}
	}
	return left
}

// ReportStale reports the lines of the baseline whose file is in this package and
// whose finding is gone. Of a file that is gone the whole run knows, which sees
// whether it moved.
func ReportStale(p *Pass) {
	list, err := load(dir(p.Pass))
	if err != nil || list == nil {
		return
	}
	files := map[string]bool{}
	for _, f := range p.Files {
		at := p.Fset.Position(f.Package)
		if !p.skipped(f.Package) {
			files[list.Rel(at.Filename)] = true
		}
	}
	used := UsedBy(p).Entries
	stale := slices.DeleteFunc(slices.Clone(list.Entries), func(e *baseline.Entry) bool {
		return used[e] || !files[e.File] || strings.Contains(e.Message, Doubtful) && !bool(flow.Options.Low)
	})
	if len(stale) == 0 {
		return
	}
	// The place is in the baseline, which the file set does not know yet.
	file := p.Fset.AddFile(list.Name, -1, len(list.Data))
	file.SetLinesForContent(list.Data)
	for _, e := range stale {
		start := file.LineStart(e.Line)
		p.Pass.Report(analysis.Diagnostic{
			Pos: start, End: start, Category: p.name,
			Message: fmt.Sprintf("memvet/%s: %s", p.name, list.Gone(e)),
		})
	}
}
