package sizer

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// The runtime tells what it rounds a request to by the capacity of a slice that grew.
func TestBlockRoundsAsTheRuntime(t *testing.T) {
	for n := 1; n <= 70_000; n += 1 + n/61 {
		bytes := append([]byte(nil), make([]byte, n)...)
		require.EqualValues(t, cap(bytes), Block(int64(n), false), n)
		words := append([]*byte(nil), make([]*byte, n)...)
		asked := uintptr(cap(words)) * wordSize
		block := Block(int64(n)*int64(wordSize), true)
		head := int64(0)
		if asked > headerMin && asked <= smallMax {
			head = header
		}
		require.EqualValues(t, int64(asked)+head, block, n)
		escaped = bytes
	}
	require.Zero(t, Block(0, true))
	require.Zero(t, Block(-1, false))
	require.EqualValues(t, 16<<20, Block(16<<20-8000, true), "whole pages")
	require.Positive(t, Block(math.MaxInt64, false))
}

func TestStatic(t *testing.T) {
	require.NotZero(t, static.size)
	onStack := 0
	for what, p := range map[string]unsafe.Pointer{
		"literal":     unsafe.Pointer(unsafe.StringData("sizer, a literal")),
		"global":      unsafe.Pointer(&static),
		"global zero": unsafe.Pointer(&imageBSS),
		"initialised": unsafe.Pointer(&imageData),
	} {
		require.True(t, isStatic(p), what)
	}
	for what, p := range map[string]unsafe.Pointer{
		"heap":  unsafe.Pointer(new([100]int)),
		"tiny":  unsafe.Pointer(unsafe.StringData(heapText(3))),
		"large": unsafe.Pointer(unsafe.SliceData(make([]byte, 1<<20))),
		"stack": unsafe.Pointer(&onStack),
		"nil":   nil,
	} {
		require.False(t, isStatic(p), what)
	}
}
