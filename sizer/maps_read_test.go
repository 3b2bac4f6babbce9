//go:build go1.26 && !go1.28 && (amd64 || arm64 || loong64 || ppc64le || riscv64)

package sizer

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/sizer/internal/groups"
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
	m := newCompiler().mapPlan(reflect.TypeFor[map[int]*[3]int]())
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
}

// Each of the two layouts is told from the other.
func TestReaderRejectsTheOtherLayout(t *testing.T) {
	require.True(t, proves(newCompiler().mapPlan, pointerElem))
	require.True(t, proves(newCompiler().mapPlan, pointerKey))
	require.False(t, proves(otherLayout, pointerElem))
	require.False(t, proves(otherLayout, pointerKey))
}

// otherLayout is the plan of a map as if the experiment were what it isn't here.
func otherLayout(t reflect.Type) *mapPlan {
	c := newCompiler()
	m := c.mapPlan(t)
	if groups.Split {
		m.interleave(c)
	} else {
		m.split(c)
	}
	return m
}
