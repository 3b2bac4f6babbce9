package sizertest

import (
	"bufio"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/sizer"
)

// Every block of the heap that we make is found, at its size by the allocator's rules.
func TestHeapBlocks(t *testing.T) {
	skipIfSanitized(t)
	var texts []string
	for _, n := range sizes {
		texts = append(texts, text(n))
	}
	blocks, err := heapBlocks()
	require.NoError(t, err)
	for _, s := range texts {
		for _, off := range []int{0, len(s) / 2, len(s) - 1} {
			addr := uintptr(unsafe.Pointer(unsafe.StringData(s[off:])))
			b, ok := find(blocks, addr)
			require.True(t, ok)
			require.EqualValues(t, sizer.Block(int64(len(s)), false), b.size)
		}
	}
	_, ok := find(blocks, uintptr(unsafe.Pointer(unsafe.StringData("literal"))))
	require.False(t, ok)
	_, ok = find(nil, 1)
	require.False(t, ok)
}

func TestDumpsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "go1.99 heap dump\n", dumpMagic, dumpMagic + "\x01\x10", dumpMagic + "\x01\x10\x05ab", dumpMagic + "\x01\x10\x01a\x01"} {
		_, err := readDump(bufio.NewReader(strings.NewReader(text)))
		require.Error(t, err, "%q", text)
	}
	blocks, err := readDump(bufio.NewReader(strings.NewReader(dumpMagic + "\x01\x10\x02ab\x01\x08\x00\x04")))
	require.NoError(t, err)
	require.Equal(t, []block{{0x10, 2}}, blocks)
}
