package unfiltered

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/syncmem/syncmem/analyzer/internal/checktest"
)

func TestOptIn(t *testing.T) {
	require.NoError(t, Analyzer.Flags.Set("on", "true"))
	t.Cleanup(func() { require.NoError(t, Analyzer.Flags.Set("on", "false")) })
	checktest.Default(t, Analyzer, "a")
}

// Without being asked for it says nothing, about the same code.
func TestSilentByDefault(t *testing.T) {
	for _, r := range analysistest.Run(ignoring{}, analysistest.TestData(), Analyzer, "a") {
		require.Empty(t, r.Diagnostics)
	}
}

type ignoring struct{}

func (ignoring) Errorf(string, ...any) {}
