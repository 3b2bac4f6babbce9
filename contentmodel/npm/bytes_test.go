package npm_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/npm"
	"github.com/syncmem/syncmem/sizer"
)

// TestBytes weighs versions, ours and decoded into maps. SYNCMEM_NPM_PACKUMENT names a file in place of a made packument.
func TestBytes(t *testing.T) {
	text := packument
	if path := os.Getenv("SYNCMEM_NPM_PACKUMENT"); path != "" {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		text = string(b)
	}
	var n, ours, plain int64
	for v, err := range npm.ReadVersions("x", strings.NewReader(text)) {
		require.NoError(t, err)
		var m map[string]any
		require.NoError(t, json.Unmarshal(v.Manifest, &m))
		n, ours, plain = n+1, ours+sizer.Of(v), plain+sizer.Of(m)
	}
	t.Logf("%d versions: %d bytes each of %d decoded into maps, %.0f %%", n, ours/n, plain/n, 100*float64(ours)/float64(plain))
	require.Less(t, ours, plain)
}
