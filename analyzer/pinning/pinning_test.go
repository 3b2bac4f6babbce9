package pinning_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/pinning"
)

func Test(t *testing.T) { checktest.RunWithFixes(t, pinning.Analyzer, "a") }

func TestHelpers(t *testing.T) { checktest.Default(t, pinning.Analyzer, "helper") }
