// Package golangci makes memvet a module plugin of golangci-lint.
//
// Name this package in .custom-gcl.yml, build with "golangci-lint custom", and
// enable the linter memvet; docs/ci/golangci.md has both files. The settings
// are memvet's flags without the dash:
//
//	settings:
//	  firststage.returns: true
//	  accumulate: false
package golangci

import (
	"fmt"
	"slices"
	"strings"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer"
)

func init() { register.Plugin("memvet", New) }

type plugin struct{ analyzers []*analysis.Analyzer }

// New makes the plugin from its settings. A setting that is no flag of memvet
// is an error that says so.
func New(settings any) (register.LinterPlugin, error) {
	p := &plugin{analyzers: analyzer.All()}
	values, ok := settings.(map[string]any)
	if !ok && settings != nil {
		return nil, fmt.Errorf("memvet: the settings must be a map of flags to values, not %T", settings)
	}
	for name, v := range values {
		if err := p.set(name, fmt.Sprint(v)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// set switches a check off, or sets a flag of one.
func (p *plugin) set(name, value string) error {
	check, option, isOption := strings.Cut(name, ".")
	i := slices.IndexFunc(p.analyzers, func(a *analysis.Analyzer) bool { return a.Name == check })
	switch {
	case i < 0:
		return fmt.Errorf("memvet: setting %q: no check %q; \"memvet explain\" lists them", name, check)
	case isOption:
		if err := p.analyzers[i].Flags.Set(option, value); err != nil {
			return fmt.Errorf("memvet: setting %q: %w", name, err)
		}
	case value == "false":
		p.analyzers = slices.Delete(p.analyzers, i, i+1)
	case value != "true":
		return fmt.Errorf("memvet: setting %q: want true or false, not %q", name, value)
	}
	return nil
}

// BuildAnalyzers returns the checks that are on.
func (p *plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) { return p.analyzers, nil }

// GetLoadMode asks for types: the checks read no SSA.
func (p *plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
