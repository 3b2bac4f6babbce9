package accumulate_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/accumulate"
	"github.com/syncmem/syncmem/analyzer/internal/checktest"
)

func TestFirstStages(t *testing.T) { checktest.Run(t, accumulate.Analyzer, "a") }

func TestParseAll(t *testing.T) {
	checktest.Default(t, accumulate.Analyzer, "returns")
}

func TestPublicShapes(t *testing.T) { checktest.Default(t, accumulate.Analyzer, "public") }
