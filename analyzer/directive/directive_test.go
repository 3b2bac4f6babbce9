package directive_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/directive"
	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/wholeread"
)

func Test(t *testing.T) { checktest.Run(t, directive.New(wholeread.Analyzer), "a") }
