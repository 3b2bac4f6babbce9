package golangci

import (
	"testing"

	"github.com/golangci/plugin-module-register/register"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/analyzer"
)

func TestSettings(t *testing.T) {
	make, err := register.GetPlugin("memvet")
	require.NoError(t, err)
	all := len(analyzer.All())

	p, err := make(nil)
	require.NoError(t, err)
	as, err := p.BuildAnalyzers()
	require.NoError(t, err)
	require.Len(t, as, all)

	p, err = make(map[string]any{"accumulate": false, "firststage.maxbound": 16 << 20, "lease": true})
	require.NoError(t, err)
	as, err = p.BuildAnalyzers()
	require.NoError(t, err)
	require.Len(t, as, all-1)

	for _, bad := range []any{
		map[string]any{"nosuch": true},
		map[string]any{"firststage.nosuch": 1},
		map[string]any{"firststage.maxbound": "many"},
		map[string]any{"lease": "perhaps"},
		[]string{"lease"},
	} {
		_, err := make(bad)
		require.ErrorContains(t, err, "memvet:")
	}
}
