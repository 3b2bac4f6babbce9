package accumulate_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/accumulate"
	"github.com/syncmem/syncmem/analyzer/internal/checktest"
)

// Packages share a run, as what they import takes most of its time.

func TestFirstStages(t *testing.T) { checktest.Run(t, accumulate.Analyzer, "a") }

func TestByDefault(t *testing.T) {
	checktest.Default(t, accumulate.Analyzer, "returns", "public", "gather", "few", "few/config", "few/tests/harness", "few/examples/reader")
}

func TestDoubts(t *testing.T) { checktest.Low(t, accumulate.Analyzer, "gather", "few", "few/config") }
