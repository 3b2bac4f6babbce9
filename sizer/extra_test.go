package sizer

import (
	"math"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

type cfile struct{ _ uintptr }

func (c *cfile) MemExtra() int64 { return 1000 }

type byValue struct{ n int64 }

func (b byValue) MemExtra() int64 { return b.n }

// promoted has MemExtra from its embedded field only: it speaks for that field.
type promoted struct {
	byValue
	Name string
}

type promotedTwice struct {
	promoted
	More string
}

type promotedPointer struct {
	*cfile
	Name string
}

// overriding declares its own beside the embedded one's.
type overriding struct {
	byValue
	Name string
}

func (o *overriding) MemExtra() int64 { return 7 }

type overridingByValue struct {
	cfile
	Name string
}

func (o overridingByValue) MemExtra() int64 { return 7 }

type generic[T any] struct {
	byValue
	v T
}

func (g *generic[T]) MemExtra() int64 { return 70 }

type viaInterface struct {
	Extra
	Name string
}

type lying struct{ answer func() int64 }

func (l lying) MemExtra() int64 { return l.answer() }

// keeper keeps its receiver, which must not be on somebody's stack then.
type keeper struct{ n *node }

var kept *keeper

func (k *keeper) MemExtra() int64 { kept = k; return 9 }

type selfish struct{ Name string }

func (s *selfish) MemExtra() int64 { return Of(s) }

func TestExtra(t *testing.T) {
	name := heapText(33) // a block of 48
	for _, c := range []struct {
		what string
		v    any
		want int64
	}{
		{"pointer receiver", &struct{ f cfile }{}, tinySize + 1000},
		{"value receiver", &byValue{5}, tinySize + 5},
		{"behind a pointer", &struct{ f *cfile }{new(cfile)}, int64(wordSize) + tinySize + 1000},
		{"nil is not called", &struct{ f *cfile }{}, int64(wordSize)},
		{"in a slice", []byValue{{1}, {2}, {3}}, 24 + 6},
		{"in an array", &[6]byValue{{1}, {2}, {3}}, 48 + 6},
		{"promoted counts once, fields too", &promoted{byValue{5}, name}, 24 + 5 + 48},
		{"promoted twice", &promotedTwice{promoted{byValue{5}, name}, name}, 48 + 5 + 2*48},
		{"promoted through a pointer", &promotedPointer{new(cfile), name}, 24 + tinySize + 1000 + 48},
		{"an override counts, and the embedded too", &overriding{byValue{5}, name}, 24 + 7 + 5 + 48},
		{"override by value", overridingByValue{cfile{}, name}, 7 + 1000 + 48},
		{"generic override", &generic[string]{byValue{5}, name}, 24 + 70 + 5 + 48},
		{"an embedded interface lends nothing", &viaInterface{&byValue{5}, name}, 32 + tinySize + 5 + 48},
		{"left out by a tag", &struct {
			f cfile `mem:"-"`
		}{}, tinySize},
		{"negative", &lying{func() int64 { return -5 }}, int64(wordSize)},
		{"panics", &lying{func() int64 { panic("no") }}, int64(wordSize)},
		{"huge", []lying{{func() int64 { return math.MaxInt64 }}, {func() int64 { return math.MaxInt64 }}}, maxBytes},
	} {
		if wordSize == 8 {
			require.Equal(t, c.want, Explain(c.v).Bytes, c.what)
		}
	}
	require.EqualValues(t, 1000, Of(cfile{}), "a value on the stack")
	var v atomic.Value
	v.Store(keeper{&node{}})
	require.EqualValues(t, blockOf(2*wordSize, true)+blockOf(3*wordSize, true)+9, Of(&v), "a value in an interface's own word")
	require.Same(t, v.Load().(keeper).n, kept.n)
	require.Equal(t, 1, Measure([]lying{{func() int64 { panic("no") }}}).Opaque, "a failed MemExtra is opaque")
	require.Zero(t, testing.AllocsPerRun(100, func() { Of(&promotedHeap) }))
}

var promotedHeap = promoted{byValue{5}, "name"}

// A MemExtra that sizes its own receiver would call itself until the stack ends.
func TestExtraRecursion(t *testing.T) {
	s := &selfish{}
	require.LessOrEqual(t, Of(s), int64(16*(maxExtra+2)))
	require.Zero(t, extraRunning.Load())
}
