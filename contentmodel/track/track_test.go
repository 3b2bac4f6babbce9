package track_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/syncmem/syncmem/contentmodel/track"
)

type named string

type inner struct {
	A, B string
	n    int8
	m    int64 // behind padding
}

type value struct {
	S       string
	I       int
	F       float64
	B       bool
	Bytes   []byte
	Strings []string
	Inner   inner
	P       *inner
	M       map[string]int
	MM      map[inner][]string
	Any     any
	Err     error
	T       time.Time
	Arr     [3]string
	C       chan int
	Fn      func()
	U       unsafe.Pointer
	None    []struct{}
	inside  string
	Left    string `track:"-"`
	_       int
	named
}

func whole() *value {
	return &value{
		S: "s", I: 1, F: 1.5, B: true, Bytes: []byte("b"), Strings: []string{"a", "bc"}, Inner: inner{"a", "b", 1, 2}, P: &inner{A: "p"},
		M: map[string]int{"a": 1, "b": 2}, MM: map[inner][]string{{A: "k"}: {"v"}}, Any: 1, T: time.Unix(1, 2).UTC(), Arr: [3]string{"x"},
		None: make([]struct{}, 1<<30), inside: "i", named: "n",
	}
}

// TestChanges: each change is told by the name of its field, and by nothing else.
func TestChanges(t *testing.T) {
	ch := make(chan int)
	for name, changes := range map[string][]func(*value){
		"S":       {func(v *value) { v.S = "t" }, func(v *value) { v.S = "" }, func(v *value) { v.S += "\x00" }},
		"I":       {func(v *value) { v.I = -1 }},
		"F":       {func(v *value) { v.F = math.NaN() }, func(v *value) { v.F = 0 }, func(v *value) { v.F = math.Copysign(0, -1) }},
		"B":       {func(v *value) { v.B = false }},
		"Bytes":   {func(v *value) { v.Bytes[0] = 'c' }, func(v *value) { v.Bytes = nil }, func(v *value) { v.Bytes = []byte{} }},
		"Strings": {func(v *value) { v.Strings = []string{"ab", "c"} }, func(v *value) { v.Strings = []string{"abc"} }, func(v *value) { v.Strings[1] = "x" }, func(v *value) { v.Strings = v.Strings[:1] }, func(v *value) { v.Strings = append(v.Strings, "") }},
		"Inner":   {func(v *value) { v.Inner.n = 9 }, func(v *value) { v.Inner.m = 9 }, func(v *value) { v.Inner.A, v.Inner.B = "ab", "" }},
		"P":       {func(v *value) { v.P = nil }, func(v *value) { v.P = &inner{} }, func(v *value) { v.P.m++ }},
		"M":       {func(v *value) { v.M["c"] = 0 }, func(v *value) { v.M["a"], v.M["b"] = 2, 1 }, func(v *value) { v.M = nil }, func(v *value) { clear(v.M) }},
		"MM":      {func(v *value) { v.MM[inner{A: "k"}][0] = "w" }, func(v *value) { v.MM = map[inner][]string{{B: "k"}: {"v"}} }},
		"Any":     {func(v *value) { v.Any = nil }, func(v *value) { v.Any = int64(1) }, func(v *value) { v.Any = "1" }, func(v *value) { v.Any = []any{1} }},
		"Err":     {func(v *value) { v.Err = fmt.Errorf("x") }},
		"T":       {func(v *value) { v.T = v.T.Add(1) }, func(v *value) { v.T = v.T.In(time.FixedZone("X", 0)) }},
		"Arr":     {func(v *value) { v.Arr = [3]string{"", "x"} }},
		"C":       {func(v *value) { v.C = ch }},
		"Fn":      {func(v *value) { v.Fn = func() {} }},
		"U":       {func(v *value) { v.U = unsafe.Pointer(v) }},
		"None":    {func(v *value) { v.None = v.None[1:] }},
		"inside":  {func(v *value) { v.inside = "j" }},
		"named":   {func(v *value) { v.named = "m" }},
		"":        {func(v *value) { v.Left = "x" }, func(*value) {}},
	} {
		for i, change := range changes {
			v := whole()
			s := track.Of(v)
			change(v)
			want := []string{name}
			if name == "" {
				want = nil
			}
			require.Equal(t, want, s.Changed(v), "%s %d", name, i)
			require.Equal(t, name != "", s.Any(v))
		}
	}
}

// TestEqual: what is equal elsewhere is no change, and what differs in the 0s of F is.
func TestEqual(t *testing.T) {
	v := whole()
	s := track.Of(v)
	v.P = &inner{A: "p"}
	v.Strings = append(make([]string, 0, 99), v.Strings...)
	v.M = map[string]int{"b": 2, "a": 1}
	v.MM = map[inner][]string{{A: "k"}: {"v"}}
	v.Any = 2 - v.I
	v.S = strings.Clone(v.S)
	v.T = time.Unix(1, 2).In(time.FixedZone("UTC", 0))
	require.Empty(t, s.Changed(v))
	require.False(t, s.Any(v))
	require.Equal(t, s, track.Of(whole()))
	v.F = math.NaN()
	require.Empty(t, track.Of(v).Changed(v), "a NaN is itself")
}

func TestNothing(t *testing.T) {
	require.Nil(t, track.Of[value](nil).Changed(nil))
	require.Len(t, track.Of[value](nil).Changed(whole()), reflect.TypeFor[value]().NumField()-2)
	require.True(t, track.State[value]{}.Any(new(value)))
	require.False(t, track.Of(whole()).Any(nil))
	n, when := 5, time.Now()
	s, w := track.Of(&n), track.Of(&when)
	require.Nil(t, s.Changed(&n))
	when = when.Add(1)
	n++
	require.Equal(t, []string{""}, s.Changed(&n))
	require.Equal(t, []string{""}, w.Changed(&when))
}

type node struct {
	Name string
	Next *node
	All  []*node
	Any  any
	Map  map[string]*node
}

type nest []nest

// TestCycles end, and a change in them is seen.
func TestCycles(t *testing.T) {
	a := &node{Name: "a"}
	b := &node{Name: "b", Next: a, All: []*node{a, nil}, Map: map[string]*node{"a": a}}
	a.Next, a.All, a.Any, a.Map = b, []*node{b, a}, a, map[string]*node{"a": a, "b": b}
	s := track.Of(a)
	require.Empty(t, s.Changed(a))
	b.Name = "c"
	require.Contains(t, s.Changed(a), "Next")
	b.Name = "b"
	require.Empty(t, s.Changed(a))

	l := nest{nil, {nil}}
	l[0] = l
	ss := track.Of(&l)
	require.False(t, ss.Any(&l))
	l[1][0] = nest{}
	require.True(t, ss.Any(&l))

	// A chain longer than what is remembered, and a lattice with 2^60 ways through it.
	var chain *node
	for range 5000 {
		chain = &node{Next: chain}
	}
	cs := track.Of(chain)
	require.False(t, cs.Any(chain))
	chain.Next.Next.Next.Name = "x"
	require.Equal(t, []string{"Next"}, cs.Changed(chain))
	lattice := new(node)
	for range 60 {
		lattice = &node{All: []*node{lattice, lattice}}
	}
	require.False(t, track.Of(lattice).Any(lattice))
}

// TestTold: of two values of a type with many shapes, the fields that reflection finds different are those told.
func TestTold(t *testing.T) {
	type mixed struct {
		S  string
		L  []string
		B  []byte
		M  map[string]string
		P  *string
		N  int16
		A  [2]string
		LL [][]string
	}
	words := rapid.SampledFrom([]string{"", "a", "b", "ab", "ba"})
	lists := rapid.SliceOfN(words, 0, 3)
	draw := rapid.Custom(func(t *rapid.T) mixed {
		m := mixed{S: words.Draw(t, "s"), L: lists.Draw(t, "l"), B: []byte(words.Draw(t, "b")), N: rapid.Int16Range(0, 2).Draw(t, "n")}
		m.M = rapid.MapOfN(words, words, 0, 2).Draw(t, "m")
		if w := words.Draw(t, "p"); w != "" {
			m.P = &w
		}
		m.A = [2]string{words.Draw(t, "a0"), words.Draw(t, "a1")}
		m.LL = rapid.SliceOfN(lists, 0, 2).Draw(t, "ll")
		return m
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		var want []string
		for i := range reflect.TypeFor[mixed]().NumField() {
			if !reflect.DeepEqual(reflect.ValueOf(a).Field(i).Interface(), reflect.ValueOf(b).Field(i).Interface()) {
				want = append(want, reflect.TypeFor[mixed]().Field(i).Name)
			}
		}
		require.Equal(t, want, track.Of(&a).Changed(&b))
	})
}

func ExampleOf() {
	type pkg struct {
		Name, Description string
		Files             []string
		Seen              time.Time `track:"-"`
	}
	p := &pkg{Name: "hello", Files: []string{"/usr/bin/hello"}}
	loaded := track.Of(p)
	p.Files = append(p.Files, "/usr/share/doc/hello")
	p.Seen = time.Now()
	fmt.Println(loaded.Changed(p), loaded.Any(p))
	// Output: [Files] true
}
