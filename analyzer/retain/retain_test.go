package retain_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/retain"
)

func Test(t *testing.T) { checktest.Run(t, retain.Analyzer, "a") }
