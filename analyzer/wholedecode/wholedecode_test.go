package wholedecode_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/wholedecode"
)

func TestFirstStages(t *testing.T) { checktest.Run(t, wholedecode.Analyzer, "a") }

func TestParseAll(t *testing.T) {
	checktest.Default(t, wholedecode.Analyzer, "returns")
}

func TestPublicShapes(t *testing.T) { checktest.Default(t, wholedecode.Analyzer, "public") }

func TestAdvice(t *testing.T) { checktest.Default(t, wholedecode.Analyzer, "advice") }

func TestNames(t *testing.T) {
	checktest.Default(t, wholedecode.Analyzer, "names")
	checktest.Low(t, wholedecode.Analyzer, "names")
}
