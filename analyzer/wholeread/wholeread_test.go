package wholeread_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/wholeread"
)

// Packages share a run, as what they import takes most of its time.

func TestFirstStages(t *testing.T) { checktest.Run(t, wholeread.Analyzer, "a", "third") }

func TestByDefault(t *testing.T) {
	checktest.Default(t, wholeread.Analyzer, "returns", "fetch", "public", "advice", "merged", "few")
}

func TestDoubts(t *testing.T) {
	checktest.Low(t, wholeread.Analyzer, "low", "few", "returns", "fetch", "advice")
}
