//go:build go1.26 && !go1.27 && (amd64 || arm64 || loong64 || ppc64le || riscv64)

package sizer

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// withoutReader makes maps unreadable until the function it returns is called.
func withoutReader() func() {
	mapsProven = false
	return func() { mapsProven = true }
}

func TestReaderIsProven(t *testing.T) {
	Of(0)
	require.True(t, mapsProven)
}

// A layout that isn't what the reader expects must turn it off, not be followed.
func TestReaderRejects(t *testing.T) {
	m := newCompiler().mapPlan(reflect.TypeOf(escapedMap))
	v := map[int]*[3]int{1: {}, 2: {}}
	escapedMap = v
	head := *(*unsafe.Pointer)(unsafe.Pointer(&v))
	require.True(t, m.agrees(head, 2, 2))
	require.False(t, m.agrees(head, 2, 3), "another number of entries")
	require.False(t, m.agrees(head, 9, 2), "no tables where there should be")
	h := (*hmap)(head)
	h.writing = 1
	require.False(t, m.agrees(head, 2, 2))
	group := int64(blockOf(m.group, m.scan))
	require.Equal(t, Result{Bytes: 48 + group, Nodes: 1, Opaque: 1, Approximate: true}, Measure(v), "being written to: by formula")
	h.writing = 0
	wide := *m
	wide.slot = &plan{size: 24, ops: m.slot.ops}
	require.False(t, wide.agrees(head, 2, 2), "another slot")
}
