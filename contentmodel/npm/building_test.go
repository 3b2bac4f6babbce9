package npm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/npm"
)

func TestWhatAVersionWeighsIsTold(t *testing.T) {
	doc := fmt.Sprintf(`{"name": "x", "versions": {"1": {"name": "x"}, "2": {"name": "x", "readme": %q}, "3": {"name": "x"}}}`, strings.Repeat("r", 500_000))
	var told, kept []int64
	n := 0
	o := npm.Options{Building: func(n int64) error { told = append(told, n); return nil }, Kept: func(n int64) { kept = append(kept, n) }}
	for _, err := range o.ReadVersions("x", strings.NewReader(doc)) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 3, n)
	require.GreaterOrEqual(t, len(told), 4)
	require.InDelta(t, 500_000, told[len(told)-1], 260_000, "the decoder reads in growing steps")

	require.InDelta(t, 1_500_000, slices.Max(kept), 600_000, "the buffers, for a version of 500 kB")
	require.Zero(t, kept[len(kept)-1])

	full := errors.New("no memory")
	var err error
	for _, err = range (npm.Options{Building: func(n int64) error { return full }}).ReadVersions("x", strings.NewReader(doc)) {
	}
	require.ErrorIs(t, err, full)
	require.Regexp(t, `^x: at byte \d+: while a member was read: no memory$`, err.Error())
	_, bad := errors.AsType[*contentmodel.InputError](err)
	require.False(t, bad)
}
