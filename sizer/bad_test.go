package sizer

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

type everyKind struct {
	_ *node
	_ []node
	_ map[string]node
	_ chan node
	_ func()
	_ unsafe.Pointer
	_ error
	_ any
	_ string
	_ sync.Map
	*hidden
}

type hidden struct{ self *hidden }

// self points to itself in every way a type can.
type self struct {
	p *self
	s []self
	m map[string]self
	i any
	a [6]*self
}

type sliceOfItself []sliceOfItself

type mapOfItself map[string]mapOfItself

type pointerToItself *pointerToItself

func TestNilOfEveryKind(t *testing.T) {
	require.Zero(t, Of(everyKind{}))
	require.Equal(t, int64(blockOf(unsafe.Sizeof(everyKind{}), true)), Of(new(everyKind)))
	require.Zero(t, Of[*everyKind](nil))
	require.Zero(t, Of[any](nil))
	require.Zero(t, Of[any]((*node)(nil)))
	require.Zero(t, Of[error](error((*typedNil)(nil))))
	require.Zero(t, Of[map[string]int](nil))
	require.Zero(t, Of[[]int](nil))
	require.Zero(t, Of(func() {}))
	require.Zero(t, Explain(nil).Bytes)
	require.Equal(t, "0 bytes in <nil>\n", Explain(nil).String())
	require.Zero(t, new(Scope).Of(nil))
	require.Zero(t, Of(struct{}{}))
	require.Zero(t, Of(&struct{}{}))
	require.Zero(t, Of(make([]struct{}, 1<<40>>(8*(8-wordSize)))), "elements of no size")
	require.Zero(t, Of([0]*node{}))
}

type typedNil struct{}

func (*typedNil) Error() string { return "" }

func TestSelfReference(t *testing.T) {
	v := &self{s: make([]self, 2), m: map[string]self{}}
	v.p, v.i = v, v
	v.s[0] = *v
	for i := range v.a {
		v.a[i] = v
	}
	v.m["v"] = *v
	parts := Of(map[string]self{"v": {}}) + int64(blockOf(unsafe.Sizeof(self{}), true)+blockOf(2*unsafe.Sizeof(self{}), true))
	require.Equal(t, parts, Of(v))
	require.Equal(t, parts, Of(v.m), "from wherever one starts")

	s := sliceOfItself{nil}
	s[0] = s
	require.EqualValues(t, blockOf(3*wordSize, true), Of(s))
	m := mapOfItself{}
	m["m"] = m
	require.EqualValues(t, Of(mapOfItself{"m": nil}), Of(m))
	p := new(pointerToItself)
	*p = pointerToItself(p)
	require.EqualValues(t, 8, Of(p))
	var i any
	i = &i
	require.EqualValues(t, 2*wordSize, Of(i))
	h := &hidden{}
	h.self = h
	require.Positive(t, Of(everyKind{hidden: h}))
}

// Lengths that nobody can have allocated: a header torn by a race, or made by unsafe code.
func TestTornHeaders(t *testing.T) {
	for name, s := range map[string]sliceWords{
		"negative length": {unsafe.Pointer(new(node)), -1, 1},
		"over its cap":    {unsafe.Pointer(new(node)), 2, 1},
		"negative cap":    {unsafe.Pointer(new(node)), 0, -1},
		"huge":            {unsafe.Pointer(new(node)), 1, math.MaxInt},
	} {
		r := Measure(*(*[]node)(unsafe.Pointer(&s)))
		require.Equal(t, Result{Opaque: 1}, r, name)
	}
	for _, n := range []int{-1, math.MinInt + 1<<20} {
		s := stringWords{unsafe.Pointer(new(node)), n}
		require.Equal(t, 1, Measure(*(*string)(unsafe.Pointer(&s))).Opaque)
		require.Equal(t, 1, Explain(*(*string)(unsafe.Pointer(&s))).Opaque)
		require.Equal(t, 1, new(Scope).Measure(*(*string)(unsafe.Pointer(&s))).Opaque)
		Plain(*(*string)(unsafe.Pointer(&s)))
	}
}

// Chains as deep as this overflow the stack of a recursive walk, which kills the process.
func TestDeepChains(t *testing.T) {
	const deep = 50_000
	list, boxed, maps, slices := (*node)(nil), any(nil), mapOfItself(nil), sliceOfItself(nil)
	for range deep {
		list = &node{next: list}
		boxed = &struct{ v any }{boxed}
		maps = mapOfItself{"m": maps}
		slices = sliceOfItself{slices}
	}
	each := int64(blockOf(3*wordSize, true))
	require.Equal(t, deep*each, Of(list))
	require.Equal(t, deep*int64(2*wordSize), Of(boxed))
	require.Equal(t, deep*Of(mapOfItself{"m": nil}), Of(maps))
	require.Equal(t, deep*each, Of(slices))
	require.Equal(t, deep*each, Explain(list).Bytes)
	require.Less(t, len(Explain(list).String()), 1000, "one part for all levels")
	require.Equal(t, deep*each, new(Scope).Of(list))
}

func TestNodeBudget(t *testing.T) {
	var head *node
	for range MaxNodes + 10 {
		head = &node{next: head}
	}
	r := Measure(head)
	require.True(t, r.Truncated)
	require.Equal(t, MaxNodes*int64(blockOf(3*wordSize, true)), r.Bytes)
	for range 10 {
		head = head.next
	}
	require.False(t, Measure(head).Truncated)
	require.Contains(t, (&Breakdown{Result: r, Root: &Part{}}).String(), "truncated")
}

type bystander struct{ _ any }

// TestConcurrent compiles and sizes from many goroutines, types nobody has seen yet among them.
func TestConcurrent(t *testing.T) {
	var scope Scope
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 200 {
				v := map[string]any{"a": heapText(20), fmt.Sprint(i): []any{i, &node{name: heapText(i)}}}
				Of(v)
				Of(&v)
				Plain(&node{})
				scope.Of(v)
				Explain(struct{ v any }{v})
				if i%50 == 0 {
					MarkShared[bystander]()
					scope.Reset()
				}
			}
		})
	}
	group.Wait()
}

// Arrays in arrays must not be inlined into millions of ops.
func TestArraysOfArrays(t *testing.T) {
	type a [4]*node
	type b [4]struct{ a, b a }
	type c [4]struct{ a, b b }
	type d [4]struct{ a, b c }
	v := new(d)
	v[3].b[3].b[3].b[3] = &node{name: heapText(33)}
	require.EqualValues(t, blockOf(unsafe.Sizeof(*v), true)+blockOf(3*wordSize, true)+48, Of(v))
	require.Less(t, len(planOf[d]().ops), 2*maxInlined)
}
