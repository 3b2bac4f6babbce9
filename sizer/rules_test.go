package sizer

import (
	"context"
	"log"
	"log/slog"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unique"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/sizer/internal/share"
)

// TestAlwaysShared holds one value of each such type beside one owned string.
func TestAlwaysShared(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, heapText(100)))
	defer cancel()
	zone, err := time.LoadLocation("")
	require.NoError(t, err)
	for name, v := range map[string]any{
		"location":        time.Now().In(zone),
		"fixed zone":      time.Now().In(time.FixedZone(heapText(20), 3600)),
		"reflect.Type":    reflect.TypeFor[node](),
		"unique.Handle":   unique.Make(heapText(100)),
		"weak.Pointer":    weak.Make(&node{name: heapText(100)}),
		"context":         ctx,
		"regexp":          regexp.MustCompile("a+b"),
		"logger":          log.New(os.Stderr, heapText(100), 0),
		"slog":            slog.Default(),
		"file":            os.Stdin,
		"pool":            &sync.Pool{New: func() any { return nil }},
		"address, zoned":  netip.MustParseAddr("fe80::1%eth0"),
		"plain function":  heapText,
		"literal":         "a literal that is longer than a tiny one",
		"mutex":           sync.Mutex{},
		"empty interface": struct{ v any }{},
	} {
		require.Zero(t, Explain(v).Bytes, name)
	}
	type holder struct {
		ctx  context.Context
		typ  reflect.Type
		any  any
		name string
	}
	require.EqualValues(t, 4*2*wordSize-wordSize+wordSize+48, Of(&holder{ctx, reflect.TypeFor[int](), ctx, heapText(33)}))
}

type dictionary struct{ words []string }

type handle interface{ Close() }

func (d *dictionary) Close() {}

func TestMarkShared(t *testing.T) {
	type holder struct {
		d *dictionary
		h handle
	}
	v := &holder{&dictionary{make([]string, 10)}, &dictionary{make([]string, 10)}}
	if !share.Is(reflect.TypeFor[dictionary]()) { // a mark is for the life of the process
		require.EqualValues(t, blockOf(3*wordSize, true)+2*blockOf(3*wordSize, true)+2*blockOf(20*wordSize, true), Of(v))
	}
	MarkShared[*dictionary]()
	require.EqualValues(t, blockOf(3*wordSize, true), Of(v), "and not behind an interface either")
	require.Zero(t, Of(v.d))
	MarkShared[handle]()
	require.Contains(t, Explain(v).String(), "always shared")
}

func TestTags(t *testing.T) {
	type tagged struct {
		Owned  *node
		Shared *node `mem:"shared"`
		Left   *node `mem:"-"`
		Typo   *node `mem:"share"`
	}
	n := func() *node { return &node{name: heapText(33)} }
	each := int64(blockOf(3*wordSize, true) + 48)
	b := Explain(&tagged{n(), n(), n(), n()})
	require.EqualValues(t, int64(blockOf(4*wordSize, true))+2*each, b.Bytes)
	for _, note := range []string{"shared, by its tag", "left out by its tag", `unknown tag mem:"share"`} {
		require.Contains(t, b.String(), note)
	}
}

func TestAtomics(t *testing.T) {
	type box struct {
		p atomic.Pointer[node]
		v atomic.Value
		_ atomic.Int64
	}
	b := new(box)
	own := Of(b)
	b.p.Store(&node{name: heapText(33)})
	b.v.Store(&node{name: heapText(33)})
	require.EqualValues(t, 2*(blockOf(3*wordSize, true)+48), Of(b)-own)
	require.Zero(t, Measure(b).Opaque)
	var i any = struct{ p *atomic.Pointer[node] }{&b.p}
	require.NotZero(t, Of(i))
}

func TestSyncMap(t *testing.T) {
	empty := int64(blockOf(unsafe.Sizeof(sync.Map{}), true))
	require.EqualValues(t, empty, Of(new(sync.Map)))
	for _, n := range []int{1, 20, 1000} {
		m := new(sync.Map)
		for range n {
			m.Store(&node{name: heapText(33)}, nil)
		}
		r := Measure(m)
		require.True(t, r.Approximate)
		entry := int64(blockOf(3*wordSize, true) + 48 + blockOf(trieEntry, true))
		tree := int64(trieNodes(n) * float64(blockOf(trieNode, true)))
		require.Equal(t, empty+int64(n)*entry+tree, r.Bytes, n)
	}
	require.InDelta(t, 1, trieNodes(1), 0.001, "the root")
	require.InDelta(t, 1+16+15+1.2, trieNodes(100), 1, "16 full prefixes of one digit, 15 of 256 shared")
	require.InDelta(t, 1+1./15, trieNodes(2), 0.001, "two hashes share a first digit once in 16 times, and so on")
}

func TestOpaque(t *testing.T) {
	n := 1000
	closure := func() int { return n }
	full := make(chan *node, 3)
	full <- &node{}
	for name, v := range map[string]any{
		"closure":        &struct{ f func() int }{closure},
		"full channel":   &struct{ c chan *node }{full},
		"unsafe.Pointer": &struct{ p unsafe.Pointer }{unsafe.Pointer(&node{})},
	} {
		w := walker{memory: new(memory)}
		w.rootOf(v)
		require.Equal(t, 1, w.Opaque, name)
		require.Contains(t, Explain(v).String(), "1 opaque", name)
	}
	require.EqualValues(t, 8+tinySize, Of(&struct{ f func() int }{closure}), "the smallest closure")
}
