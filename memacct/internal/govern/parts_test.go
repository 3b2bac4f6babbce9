package govern

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// What takes the memory beside the content is named, the largest first, and what has grown since the beginning.
func TestPartsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		now, first parts
		want       string
	}{
		"nothing is worth a word": {parts{beside: mib}, parts{}, ""},
		"one":                     {parts{beside: 40 * mib}, parts{}, "; beside the content there are 40.0 MiB of live heap that is no content"},
		"the largest first":       {parts{beside: 20 * mib, outside: 30 * mib}, parts{}, "; beside the content there are 30.0 MiB outside Go, and 20.0 MiB of live heap that is no content"},
		"it grew":                 {parts{stacks: 40 * mib}, parts{stacks: 10 * mib}, "; beside the content there are 40.0 MiB of goroutine stacks, 10.0 MiB at first"},
		"it grew by little":       {parts{rest: 40 * mib}, parts{rest: 30 * mib}, "; beside the content there are 40.0 MiB of the runtime's own tables"},
		"it was not there before": {parts{rest: 40 * mib}, parts{}, "; beside the content there are 40.0 MiB of the runtime's own tables"},
	} {
		require.Equal(t, c.want, c.now.text(c.first, 128*mib), name)
	}
}

// Together the parts are what is not heap, what lives beside the content, and what is outside Go.
func TestPartsAddUp(t *testing.T) {
	now := host.Sample{NonHeap: 30 * mib, Stacks: 12 * mib, Buckets: 5 * mib}
	require.Equal(t, parts{beside: 7 * mib, stacks: 12 * mib, buckets: 5 * mib, rest: 13 * mib, outside: 3 * mib}, partsOf(now, 7*mib, 3*mib))
	now.Stacks = 40 * mib // read a moment apart
	require.Zero(t, partsOf(now, 0, -1).rest)
	require.Zero(t, partsOf(now, 0, -1).outside)
}
