// Package checktest runs a check over its testdata, beside small stand-ins of
// the packages of this module that the checks know by name.
package checktest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Run checks the packages of ./testdata/src against their want comments.
func Run(t *testing.T, a *analysis.Analyzer, pkgs ...string) {
	t.Helper()
	analysistest.Run(t, gopath(t), a, pkgs...)
}

// RunWithFixes also applies the suggested fixes and compares with the goldens.
func RunWithFixes(t *testing.T, a *analysis.Analyzer, pkgs ...string) {
	t.Helper()
	analysistest.RunWithSuggestedFixes(t, gopath(t), a, pkgs...)
}

// Returns switches the parse-all shape on for one test.
func Returns(t *testing.T) {
	t.Helper()
	flow.Options.Returns = true
	t.Cleanup(func() { flow.Options.Returns = false })
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
