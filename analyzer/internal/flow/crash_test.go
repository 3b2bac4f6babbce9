package flow_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/syncmem/syncmem/analyzer/firststage"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// A crash is named where it happened and in the packages above, and neither
// fails the run.
func TestCrashIsContained(t *testing.T) {
	defer flow.CrashOn("crashes")()
	analysistest.Run(t, analysistest.TestData(), firststage.Analyzer, "crashes", "above")
}
