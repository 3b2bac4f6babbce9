package sizer

import (
	"runtime"
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
	n := &node{name: heapText(33)}
	type two struct{ a, b *struct{ text string } }
	shared := &struct{ text string }{heapText(33)}
	v := &two{shared, shared}
	each := int64(2*wordSize + 48)
	require.Equal(t, int64(2*wordSize)+2*each, Plain(v), "both references are charged")
	require.Equal(t, int64(2*wordSize)+each, Of(v))
	n.next = n
	require.Equal(t, Of(n), Plain(n), "a type that leads back to itself isn't walked plainly")
	var i any = v
	require.Equal(t, Of(i), Plain(i), "nor what is in an interface")
	require.EqualValues(t, 8, Plain(heapText(5)), "a tiny text takes a class of its own")
}
