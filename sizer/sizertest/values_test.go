package sizertest

import (
	"bytes"
	"container/list"
	"container/ring"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unique"
	"weak"

	"github.com/syncmem/syncmem/sizer"
	"github.com/syncmem/syncmem/sizer/internal/sample"
)

type node struct {
	Name        string
	Left, Right *node
	tags        []string
}

type embedded struct {
	*node
	inner
	Generic pair[[]int, map[string]int]
	Array   [3]string
	Long    [10]*int
}

type inner struct{ hidden []*int }

type pair[A, B any] struct {
	First  A
	Second B
}

var sizes = []int{16, 24, 33, 48, 100, 129, 500, 512, 520, 1000, 1024, 1032, 2048, 5000, 10000, 20000, 32760, 33000, 100000}

// grid is every value the accuracy test measures.
func grid() []probe {
	return slicesOf(blocks(), sliceValues(), mapValues(), boxes(), structures(), standard(), aliases(), holes())
}

func slicesOf(parts ...[]probe) (all []probe) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// blocks are single blocks of every kind of class, with and without pointers.
func blocks() (ps []probe) {
	for _, n := range sizes {
		ps = append(ps,
			value(fmt.Sprintf("[]byte of %d", n), func() *[]byte { b := make([]byte, n); return &b }),
			value(fmt.Sprintf("pointers of %d bytes", n), func() *[]*int { b := make([]*int, n/8); return &b }))
	}
	for _, n := range []int{16, 33, 100, 1000, 1025, 40000} {
		ps = append(ps, value(fmt.Sprintf("string of %d", n), func() *string { s := text(n); return &s }))
	}
	for _, n := range []int{65, 128, 256} {
		t := reflect.ArrayOf(n, reflect.TypeFor[*int]())
		ps = append(ps, value(fmt.Sprintf("struct of %d bytes", 8*n), func() *any { v := reflect.New(t).Interface(); return &v }))
	}
	return ps
}

func sliceValues() (ps []probe) {
	for _, n := range []int{1, 10, 100, 1000} {
		ps = append(ps,
			value(fmt.Sprintf("[]*node made, %d", n), func() *[]*node {
				s := make([]*node, n)
				for i := range s {
					s[i] = &node{}
				}
				return &s
			}),
			value(fmt.Sprintf("[]*node appended, %d", n), func() *[]*node {
				var s []*node
				for range n {
					s = append(s, &node{})
				}
				return &s
			}),
			value(fmt.Sprintf("[]string appended, %d", n), func() *[]string {
				var s []string
				for range n {
					s = append(s, text(20))
				}
				return &s
			}))
	}
	return append(ps,
		value("nil fields", func() *embedded { return &embedded{} }),
		value("empty slices", func() *[2][]int { return &[2][]int{{}, {}} }),
		value("[][]int", func() *[][]int { s := [][]int{make([]int, 3), make([]int, 5)}; return &s }))
}

// fill makes a map of n entries.
func fill[K comparable, V any](name string, n int, entry func(i int) (K, V)) probe {
	return value(fmt.Sprintf("%s, %d", name, n), func() *map[K]V {
		m := map[K]V{}
		for i := range n {
			k, v := entry(i)
			m[k] = v
		}
		return &m
	})
}

func mapValues() (ps []probe) {
	key := func(i int) string { return fmt.Sprintf("a key of some length %04d", i) }
	for _, n := range []int{0, 1, 7, 8, 9, 14, 15, 100, 896, 1000, 10000} {
		ps = append(ps, fill("map[string]string", n, func(i int) (string, string) { return key(i), text(20) }))
	}
	for _, n := range []int{1, 8, 9, 100, 1000, 5000} {
		ps = append(ps,
			fill("map[int]int", n, func(i int) (int, int) { return i, i }),
			fill("map[int]*node", n, func(i int) (int, *node) { return i, &node{} }),
			fill("map[int]struct{}", n, func(i int) (int, struct{}) { return i, struct{}{} }),
			fill("map[int][200]byte", n, func(i int) (int, [200]byte) { return i, [200]byte{} }))
	}
	ps = append(ps,
		fill("map[[200]byte]string", 20, func(i int) ([200]byte, string) { return [200]byte{byte(i)}, text(50) }),
		fill("map[struct{}]int", 1, func(int) (struct{}, int) { return struct{}{}, 1 }),
		fill("map[float64]int of NaN", 20, func(i int) (float64, int) { return math.NaN(), i }),
		fill("map[uint8]bool", 200, func(i int) (uint8, bool) { return uint8(i), true }),
		fill("map[string]any of maps", 10, func(i int) (string, any) { return key(i), map[string]any{"n": []any{nil, text(30)}} }))
	return append(ps, changedMaps()...)
}

// changedMaps are those whose tables their length doesn't tell.
func changedMaps() []probe {
	ints := func(n, hint int) map[int]int {
		m := make(map[int]int, hint)
		for i := range n {
			m[i] = i
		}
		return m
	}
	changed := []probe{
		value("map of 1000, 900 deleted", func() *map[int]int {
			m := ints(1000, 0)
			for i := range 900 {
				delete(m, i)
			}
			return &m
		}),
		value("map of 1000, cleared", func() *map[int]int { m := ints(1000, 0); clear(m); return &m }),
		value("map with hint 1000, 10 used", func() *map[int]int { m := ints(10, 1000); return &m }),
		value("map with hint 5000, full", func() *map[int]int { m := ints(5000, 5000); return &m }),
		value("map cloned", func() *map[int]int { m := maps.Clone(ints(500, 0)); return &m }),
	}
	if sizer.Measure(ints(1, 0)).Approximate { // 32-bit, or a Go version not read yet
		for i := range changed {
			changed[i].hole = "by formula"
		}
	}
	return changed
}

func boxes() (ps []probe) {
	for name, v := range map[string]func() any{
		"nil":           func() any { return nil },
		"small int":     func() any { return 200 },
		"bool":          func() any { return true },
		"empty string":  func() any { return strings.Clone("") },
		"string":        func() any { return text(40) },
		"struct":        func() any { return pair[int, string]{1, text(30)} },
		"pointer":       func() any { return &node{} },
		"one pointer":   func() any { return struct{ n *node }{&node{}} },
		"[1]*node":      func() any { return [1]*node{{}} },
		"slice":         func() any { return make([]int, 10) },
		"map":           func() any { return map[int]int{1: 1} },
		"time":          func() any { return time.Now() },
		"complex":       func() any { return complex(float64(time.Now().Unix()), 1) },
		"[]any of ints": func() any { return []any{1000, 1001, 1002, 1003} },
		"func":          func() any { return text },
	} {
		ps = append(ps, value("any of "+name, func() *any { b := v(); return &b }))
	}
	return append(ps,
		value("error", func() *error { e := errors.New(text(20)); return &e }),
		value("error chain", func() *error { e := fmt.Errorf("%w", errors.New(text(20))); return &e }),
		value("Stringer in a struct", func() *fmt.Stringer { var s fmt.Stringer = pair[int, string]{}; return &s }))
}

func (p pair[A, B]) String() string { return "" }

func structures() []probe {
	return []probe{
		value("embedded, unexported, generic", func() *embedded {
			return &embedded{
				node: &node{tags: []string{text(20)}}, inner: inner{hidden: []*int{nil}},
				Generic: pair[[]int, map[string]int]{make([]int, 7), map[string]int{text(16): 1}},
				Array:   [3]string{text(20), text(30), text(40)},
			}
		}),
		value("tree", func() *node { return tree(6) }),
		value("container/list", func() *list.List {
			l := list.New()
			for range 10 {
				l.PushBack(text(20))
			}
			return l
		}),
		value("container/ring", func() *ring.Ring { return ring.New(10) }),
		value("chan int", func() *chan int { c := make(chan int, 10); return &c }),
		value("chan string", func() *chan string { c := make(chan string, 10); return &c }),
		value("chan struct{}", func() *chan struct{} { c := make(chan struct{}); return &c }),
		value("array of arrays", func() *[2][9][]int { return &[2][9][]int{{make([]int, 4)}, {8: make([]int, 4)}} }),
		value("package, 430 strings", func() *sample.Package { return sample.New(1) }),
	}
}

func tree(depth int) *node {
	if depth == 0 {
		return nil
	}
	return &node{Left: tree(depth - 1), Right: tree(depth - 1)}
}

func standard() []probe {
	return []probe{
		value("time.Time", func() *time.Time { t := time.Now(); return &t }),
		value("[3]time.Time", func() *[3]time.Time { return &[3]time.Time{time.Now().UTC(), time.Now()} }),
		value("big.Int", func() *big.Int { return new(big.Int).Exp(big.NewInt(3), big.NewInt(2000), nil) }),
		value("bytes.Buffer", func() *bytes.Buffer { return bytes.NewBuffer(make([]byte, 100)) }),
		value("strings.Builder", built),
		value("json.RawMessage", func() *json.RawMessage { m := json.RawMessage(text(200)); return &m }),
		value("header", func() *map[string][]string {
			return &map[string][]string{text(16): {text(20)}, text(17): {text(30), text(40)}}
		}),
		value("atomic.Pointer", func() *atomic.Pointer[node] {
			p := new(atomic.Pointer[node])
			p.Store(&node{})
			return p
		}),
		value("atomic.Value", func() *atomic.Value { v := new(atomic.Value); v.Store(text(30)); return v }),
		value("mutexes", func() *pair[sync.Mutex, sync.RWMutex] { return new(pair[sync.Mutex, sync.RWMutex]) }),
		value("unique.Handle", func() *pair[unique.Handle[string], string] {
			return &pair[unique.Handle[string], string]{unique.Make("name"), text(20)}
		}),
		value("weak.Pointer", func() *pair[weak.Pointer[node], string] {
			return &pair[weak.Pointer[node], string]{weak.Make(sharedNode), text(20)}
		}),
		value("reflect.Type", func() *pair[reflect.Type, string] {
			return &pair[reflect.Type, string]{reflect.TypeFor[node](), text(20)}
		}),
		value("literals", func() *[4]string { return &[4]string{"EQ", "sha256", "a longer literal", "noarch"} }),
		value("pointers to globals", func() *[2]*node { return &[2]*node{sharedNode, &globalNode} }),
	}
}

var (
	sharedNode = &globalNode
	globalNode node
)

func built() *strings.Builder {
	b := new(strings.Builder)
	for range 100 {
		b.WriteByte('x')
	}
	return b
}

// aliases hold one block several times.
func aliases() []probe {
	return []probe{
		value("one pointer 10 times", func() *[10]*node {
			var a [10]*node
			a[0] = &node{}
			for i := range a {
				a[i] = a[0]
			}
			return &a
		}),
		value("one slice twice", func() *[2][]int { s := make([]int, 50); return &[2][]int{s, s} }),
		value("one map twice", func() *[2]map[int]int { m := map[int]int{1: 1}; return &[2]map[int]int{m, m} }),
		value("one box twice", func() *[2]any { var b any = text(30); return &[2]any{b, b} }),
		value("one long text twice", func() *[2]string { s := text(5000); return &[2]string{s, s} }),
		value("element 0 and the slice", func() *pair[*node, []node] {
			s := make([]node, 9)
			return &pair[*node, []node]{&s[0], s}
		}),
		value("a ring", func() *node { n := &node{}; n.Left, n.Right = n, &node{Left: n}; return n }),
	}
}

// holes are the documented ones: no formula sees them.
func holes() []probe {
	mark := func(why string, p probe) probe { p.hole = why; return p }
	return []probe{
		mark("tiny blocks shared with the next value", value("4 strings of 5", func() *[4]string {
			b := []byte("12345") // no garbage beside them, which would pin the blocks
			return &[4]string{string(b), string(b), string(b), string(b)}
		})),
		mark("tiny blocks shared with the next value", value("[]any of 10 int32", func() *[]any {
			a := make([]any, 10)
			for i := range a {
				a[i] = int32(1000 + i) // 4 bytes of a block of 16
			}
			return &a
		})),
		mark("parts of one block", value("one string of 280 in 10 parts", func() *[10]string {
			var a [10]string
			s := text(280)
			for i := range a {
				a[i] = s[28*i : 28*(i+1)]
			}
			return &a
		})),
		mark("pinned", value("20 bytes of 10000", func() *string { s := text(10000)[:20]; return &s })),
		mark("pinned", value("the end of a slice", func() *[]int { s := make([]int, 50)[40:]; return &s })),
		mark("closure", value("func over 10000 bytes", func() *func() byte {
			b := make([]byte, 10000)
			f := func() byte { return b[0] }
			return &f
		})),
		mark("interior pointers", value("10 pointers into a slice", func() *[10]*node {
			s := make([]node, 10)
			var a [10]*node
			for i := range a {
				a[i] = &s[i]
			}
			return &a
		})),
		mark("overlap", value("overlapping slices", func() *[2][]int { s := make([]int, 100); return &[2][]int{s, s[10:]} })),
		mark("one short text", value("one string of 100 10 times", func() *[10]string {
			var a [10]string
			s := text(100)
			for i := range a {
				a[i] = s
			}
			return &a
		})),
		mark("elements not followed", value("chan of 10 *node", func() *chan *node {
			c := make(chan *node, 10)
			for range 10 {
				c <- &node{}
			}
			return &c
		})),
		mark("by formula", value("sync.Map of 100", func() *sync.Map {
			m := new(sync.Map)
			for i := range 100 {
				m.Store(text(16+i), &node{})
			}
			return m
		})),
		mark("capacity invisible", value("what a strings.Builder made", func() *string {
			s := built().String()
			return &s
		})),
	}
}
