package shared_test

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/internal/shared"
)

func TestStrings(t *testing.T) {
	last := int64(0)
	kept := shared.NewKept(func(n int64) { last = n })
	table := shared.NewStrings(kept)
	a, ok := table.Of([]byte("noarch"))
	require.True(t, ok)
	b, ok := table.Of([]byte("noarch"))
	require.True(t, ok)
	require.Equal(t, unsafe.StringData(a), unsafe.StringData(b))
	_, ok = table.Of([]byte(strings.Repeat("x", 129)))
	require.False(t, ok)
	require.Zero(t, last, "little is told to nobody")
	for i := range 10_000 {
		s, ok := table.Of(fmt.Appendf(nil, "%0100d", i))
		require.Equal(t, i < 4095, ok, "%d", i)
		require.Equal(t, fmt.Sprintf("%0100d", i), s)
	}
	require.InDelta(t, 4096*(112+64), last, 64<<10)
	kept.Close()
	require.Zero(t, last)
}

func TestKept(t *testing.T) {
	var told []int64
	k := shared.NewKept(func(n int64) { told = append(told, n) })
	for _, n := range []int64{1, 32 << 10, -1, -20 << 10, -20 << 10} {
		k.Add(n)
	}
	k.Close()
	require.Equal(t, []int64{32<<10 + 1, -8 << 10}, append(told[:1:1], told[1]))
	require.Equal(t, int64(0), told[len(told)-1])
	none := shared.NewKept(nil)
	none.Add(1 << 20)
	none.Close()
}
