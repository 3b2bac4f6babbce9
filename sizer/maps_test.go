package sizer

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// grow makes a map of n entries that only ever grew.
func grow[K comparable, V any](n int, key func(int) K) map[K]V {
	m := map[K]V{}
	var zero V
	for i := range n {
		m[key(i)] = zero
	}
	return m
}

// TestFormula compares the formula by length with the tables themselves: equal up to 896
// entries, near in the mean above, where tables split at random.
func TestFormula(t *testing.T) {
	if Measure(map[int]int{}).Approximate {
		t.Skip("SKIPPED: no reader to compare with, the formula serves on this machine or Go version")
	}
	for n := range tableFull + 1 {
		if n <= 40 || n%37 == 0 || n >= tableFull-1 {
			compare(t, n, grow[int, int](n, func(i int) int { return i }))
			compare(t, n, grow[int, struct{}](n, func(i int) int { return i }))
			compare(t, n, grow[float64, int8](n, func(i int) float64 { return float64(i) }))
			compare(t, n, grow[int, *node](n, func(i int) int { return i }))
			compare(t, n, grow[int16, [129]byte](n, func(i int) int16 { return int16(i) }))
		}
	}
	formula, read := 0.0, 0.0
	m := newCompiler().mapPlan(reflect.TypeFor[map[int]int]())
	for n := 1000; n < 60_000; n += 997 {
		formula += float64(m.tablesFor(n) + blockOf(mapHeader, true))
		read += float64(Of(grow[int, int](n, func(i int) int { return i })))
	}
	require.InEpsilon(t, read, formula, 0.02)
}

func compare[K comparable, V any](t *testing.T, n int, m map[K]V) {
	t.Helper()
	p := newCompiler().mapPlan(reflect.TypeFor[map[K]V]())
	want := blockOf(mapHeader, true) + p.tablesFor(n)
	if p.elem.size > inlineMax {
		want += uintptr(n) * p.elem.block
	}
	require.EqualValues(t, want, Of(m), "%T of %d", m, n)
}

// TestFallback walks maps the way unknown Go versions do: the same entries, tables by formula.
func TestFallback(t *testing.T) {
	type entry struct {
		Name string
		Next *node
	}
	m := map[string]entry{}
	big := map[[20]string][20]string{}
	for i := range 300 {
		m[heapText(20+i%20)+fmt.Sprint(i)] = entry{heapText(33), &node{name: heapText(33)}}
		big[[20]string{heapText(20)}] = [20]string{19: heapText(33)}
	}
	read, readBig := Measure(m), Measure(big)
	restore := withoutReader()
	guessed, guessedBig := Measure(m), Measure(big)
	restore()
	require.True(t, guessed.Approximate)
	require.Equal(t, read.Bytes, guessed.Bytes)
	require.Equal(t, readBig.Bytes, guessedBig.Bytes)
	var none map[string]entry
	require.Zero(t, Of(none))
}
