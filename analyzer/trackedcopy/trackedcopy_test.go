package trackedcopy_test

import (
	"testing"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
	"github.com/syncmem/syncmem/analyzer/trackedcopy"
)

func Test(t *testing.T) { checktest.Run(t, trackedcopy.Analyzer, "a") }

func TestMaps(t *testing.T) { checktest.Default(t, trackedcopy.Analyzer, "polls") }
