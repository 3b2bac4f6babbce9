package sizer

import (
	"math"
	"sync"
	"unsafe"
)

// A sync.Map is a tree of 16-way nodes over hashes (internal/sync.HashTrieMap since Go 1.24).
const (
	trieWays  = 16
	trieNode  = 32 + trieWays*wordSize  // an inner node: state, lock, parent, children
	trieEntry = 2*wordSize + 4*wordSize // a leaf: state, overflow, key, value
)

// syncMap charges what a sync.Map holds: every key and value, and the tree by its expected
// size for that many entries, which depends on the hashes and so differs by a few percent.
func (w *walker) syncMap(at unsafe.Pointer) {
	entries := 0
	var pairs []any
	(*sync.Map)(hide(at)).Range(func(k, v any) bool {
		entries++
		pairs = append(pairs, k, v)
		return entries < MaxNodes
	})
	for i := range pairs {
		w.empty(&pairs[i])
	}
	if entries == 0 {
		return // at most an empty root
	}
	w.Approximate = true
	w.add(int64(blockOf(trieEntry, true))*int64(entries) + int64(trieNodes(entries)*float64(blockOf(trieNode, true))))
}

// trieNodes is the expected number of inner nodes of a tree of n random hashes: the root, and
// at each depth those prefixes that at least two hashes share (Knuth, TAOCP 6.3). It stops
// where a shared prefix is rarer than one in a hundred trees.
func trieNodes(n int) float64 {
	count := float64(n)
	nodes := 1.0
	for prefixes := float64(trieWays); count*count > prefixes/100; prefixes *= trieWays {
		miss := math.Log1p(-1 / prefixes)
		none := math.Exp(count * miss)
		one := count / prefixes * math.Exp((count-1)*miss)
		nodes += prefixes * (1 - none - one)
	}
	return nodes
}
