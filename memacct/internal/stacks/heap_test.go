package stacks

import "testing"

// What a verdict costs beside its collection.
func BenchmarkHeapPlaces(b *testing.B) {
	for b.Loop() {
		HeapPlaces(5, Ours)
	}
}
