package wholeread_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/wholeread"
)

func TestFirstStages(t *testing.T) { checktest.Run(t, wholeread.Analyzer, "a", "third") }

func TestParseAll(t *testing.T) {
	checktest.Default(t, wholeread.Analyzer, "returns")
}

func TestPublicShapes(t *testing.T) { checktest.Default(t, wholeread.Analyzer, "fetch", "public") }

func TestAdvice(t *testing.T) { checktest.Default(t, wholeread.Analyzer, "advice") }

func TestDoubts(t *testing.T) { checktest.Low(t, wholeread.Analyzer, "low") }
