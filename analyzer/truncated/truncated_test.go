package truncated_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/truncated"
)

func TestTruncated(t *testing.T) { checktest.Default(t, truncated.Analyzer, "a") }

func TestDoubts(t *testing.T) { checktest.Low(t, truncated.Analyzer, "a") }
