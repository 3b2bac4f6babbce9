// Package checktest runs a check over its testdata, beside small stand-ins of
// the packages of this module that the checks know by name.
package checktest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Run checks the packages of ./testdata/src against their want comments,
// without the parse-all shape.
func Run(t *testing.T, a *analysis.Analyzer, pkgs ...string) {
	t.Helper()
	set(t, false, false)
	analysistest.Run(t, gopath(t), a, pkgs...)
}

// Default is Run with the settings a user has: the parse-all shape is on.
func Default(t *testing.T, a *analysis.Analyzer, pkgs ...string) {
	t.Helper()
	set(t, false, true)
	analysistest.Run(t, gopath(t), a, pkgs...)
}

// Low is Default with the findings of low confidence: a comment that starts with
// low instead of want is a want here, and says nothing by default.
func Low(t *testing.T, a *analysis.Analyzer, pkgs ...string) {
	t.Helper()
	set(t, true, true)
	dir := gopath(t)
	for _, pkg := range pkgs {
		files, err := filepath.Glob(filepath.Join(dir, "src", pkg, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			text = bytes.ReplaceAll(text, []byte("// low `"), []byte("// want `"))
			require.NoError(t, os.WriteFile(file, text, 0o600))
		}
	}
	analysistest.Run(t, dir, a, pkgs...)
}

// RunWithFixes also applies the suggested fixes and compares with the goldens.
func RunWithFixes(t *testing.T, a *analysis.Analyzer, pkgs ...string) {
	t.Helper()
	set(t, false, false)
	analysistest.RunWithSuggestedFixes(t, gopath(t), a, pkgs...)
}

// set changes the settings for one test.
func set(t *testing.T, low, returns bool) {
	before := flow.Options
	flow.Options.Low, flow.Options.Returns = flow.Level(low), returns
	t.Cleanup(func() { flow.Options = before })
}

// gopath joins the check's own packages and the stand-ins in one folder, since
// the loader takes only one. They are copied: symbolic links need a privilege
// on some systems.
func gopath(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{"testdata", filepath.Join("..", "internal", "checktest", "testdata")} {
		require.NoError(t, os.CopyFS(dir, os.DirFS(from)))
	}
	return dir
}
