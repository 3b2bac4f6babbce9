package ungated_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/ungated"
)

func Test(t *testing.T) { checktest.Run(t, ungated.Analyzer, "a") }

func TestElastic(t *testing.T) { checktest.Default(t, ungated.Analyzer, "elastic") }

func TestDoubts(t *testing.T) { checktest.Low(t, ungated.Analyzer, "elastic") }
