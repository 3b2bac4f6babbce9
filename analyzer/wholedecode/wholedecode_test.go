package wholedecode_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/wholedecode"
)

// Packages share a run, as what they import takes most of its time.

func TestFirstStages(t *testing.T) { checktest.Run(t, wholedecode.Analyzer, "a") }

func TestByDefault(t *testing.T) {
	checktest.Default(t, wholedecode.Analyzer, "returns", "public", "advice", "names", "few", "pages", "large")
}

func TestDoubts(t *testing.T) {
	checktest.Low(t, wholedecode.Analyzer, "names", "pages", "advice", "few", "large")
}
