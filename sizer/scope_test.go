package sizer

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

type article struct {
	vendor *node
	name   string
	digest []byte
}

func TestScopeChargesTheFirst(t *testing.T) {
	vendor, name := &node{name: heapText(40)}, heapText(33)
	a := &article{vendor, name, make([]byte, 32)}
	b := &article{vendor, name, a.digest}
	var s Scope
	size := In[*article](&s)
	own := int64(blockOf(6*wordSize, true))
	require.Equal(t, Of(a), size(a))
	require.Equal(t, own, size(b), "what it shares is paid for")
	require.Zero(t, size(b))
	require.Zero(t, s.Of(*b), "a copy holds the same blocks")
	s.Reset()
	require.Equal(t, Of(b), size(b), "all anew")
}

func TestScopeIsExactAboutTinyObjects(t *testing.T) {
	var texts []string
	for range 1000 {
		texts = append(texts, heapText(5))
	}
	var s Scope
	first := s.Of(texts)
	require.Zero(t, s.Of(texts[:500]))
	require.Zero(t, s.Of(texts[1]))
	require.LessOrEqual(t, first, Of(texts), "Of forgets which tiny blocks it charged")
}

// A block that was counted must not be freed, and its address given to another value.
func TestScopeKeepsWhatItCounted(t *testing.T) {
	var s Scope
	freed := make(chan bool, 1)
	func() {
		n := &node{name: heapText(33)}
		runtime.AddCleanup(n, func(c chan bool) { c <- true }, freed)
		require.NotZero(t, s.Of(n))
	}()
	for range 3 {
		runtime.GC()
	}
	require.Empty(t, freed)
	s.Reset()
	runtime.GC()
	require.True(t, <-freed)
}

func TestPlain(t *testing.T) {
	type two struct{ a, b *struct{ text string } }
	shared := &struct{ text string }{heapText(33)}
	v := &two{shared, shared}
	each := int64(2*wordSize + 48)
	require.Equal(t, int64(2*wordSize)+2*each, Plain(v), "both references are charged")
	require.Equal(t, int64(2*wordSize)+each, Of(v))
	var i any = v
	require.Equal(t, Plain(v), Plain(i), "behind an interface too")
	require.EqualValues(t, 8, Plain(heapText(5)), "a tiny text takes a class of its own")
	long := &node{name: heapText(33)}
	for range 200_000 {
		long = &node{next: long}
	}
	require.Equal(t, Of(long), Plain(long), "a list longer than any stack")
}

// A ring ends and each of its nodes counts once, whatever holds those that a plain walk remembers; then no call allocates.
func TestPlainRemembers(t *testing.T) {
	for _, n := range []int{1, 2, 7, 8, 9, 10, 100, 128, 129, 3000} {
		last := &node{name: heapText(33)}
		first := last
		for range n - 1 {
			first = &node{name: heapText(33), next: first}
		}
		last.next = first
		require.Equal(t, Of(first), Plain(first), n)
		require.Equal(t, Of(first), Plain(first), "and again: %d", n)
		if !raceEnabled { // pools drop what they hold at random under -race
			require.Less(t, testing.AllocsPerRun(100, func() { Plain(first) }), 1.0, n)
		}
	}
}

// Every way back to where a walk was, by types alone and by what interfaces hold.
func TestPlainEnds(t *testing.T) {
	text := heapText(33)
	n := &node{name: text}
	n.next = n
	type tree struct {
		kids []tree
		text string
	}
	kids := make([]tree, 1)
	kids[0] = tree{kids, text}
	type table map[string]table
	entries := table{}
	entries[text] = entries
	type big struct {
		elems map[int]*big
		_     [200]byte
	}
	elem := &big{elems: map[int]*big{}}
	elem.elems[1] = elem
	boxes := make([]any, 1)
	boxes[0] = boxes
	type row struct{ cells [unrolled + 1]any }
	cells := &row{}
	cells.cells[unrolled] = cells
	type rows struct{ rows [unrolled + 1]row }
	nested := &rows{}
	nested.rows[unrolled].cells[unrolled] = &nested.rows
	object := map[string]any{}
	object[text] = object
	var self any
	self = &self
	type inner struct{ outer any }
	type outer struct{ inner *inner }
	pair := &outer{&inner{}}
	pair.inner.outer = pair
	boxed := &inner{}
	boxed.outer = struct{ in *inner }{boxed}
	var value atomic.Value
	value.Store(&value)
	synced := new(sync.Map)
	synced.Store(1, synced)
	var atom atomic.Pointer[node]
	atom.Store(n)
	ends(t, n)
	ends(t, kids)
	ends(t, entries)
	ends(t, elem)
	ends(t, boxes)
	ends(t, cells)
	ends(t, nested)
	ends(t, object)
	ends(t, self)
	ends(t, pair)
	ends(t, boxed)
	ends(t, &value)
	ends(t, synced)
	ends(t, &atom)
}

// ends checks that v is walked to its end, not to the limit: once around at most, after which
// the block that a walk began with was charged twice.
func ends[T any](t *testing.T, v T) {
	t.Helper()
	require.False(t, Measure(v).Truncated, "%T", v)
	plain, once := Plain(v), Of(v)
	require.GreaterOrEqual(t, plain, once, "%T", v)
	require.LessOrEqual(t, plain, 2*once, "%T", v)
}
