package sizer

import "unsafe"

// What the runtime's allocator does with a request of n bytes (runtime/msize.go and
// runtime/malloc.go): pointer-free requests under tinySize share 16-byte blocks; requests up
// to smallMax are rounded up to one of some 67 size classes, after 8 bytes for a type header
// when the object holds pointers and is over headerMin; anything larger gets whole pages.
const (
	tinySize  = 16
	headerMin = wordSize * 8 * wordSize // 512; 128 on 32-bit: a word of bits, one for each word
	header    = 8
	smallMax  = 32768 - header
	page      = 8192

	// fineMax is the largest size looked up byte by byte; above it one entry serves coarse
	// bytes, since every class over fineMax is a multiple of coarse.
	fineMax = 1024
	coarse  = 128

	// lengthMax is past what any process can address: a length above it was never allocated.
	lengthMax = 1 << (31 + 16*(unsafe.Sizeof(uintptr(0))>>3))
)

// fine and large hold the size class of a small request. They are learned from the runtime
// itself (see learnClasses), so they are right for whatever Go version and architecture the
// program was built with.
var (
	fine  [fineMax + 1]uint16
	large [(smallMax+header-fineMax)/coarse + 1]uint16
)

// escaped keeps the probes of learnClasses off the stack, where nothing is rounded.
var escaped []byte

// learnClasses asks the runtime for every size class: growing an empty []byte to n bytes
// gives it the capacity of the block. About 70 allocations, half a megabyte of garbage, once.
func learnClasses() {
	for n := 1; n <= smallMax+header; {
		escaped = append([]byte(nil), make([]byte, n)...)
		class := cap(escaped)
		for ; n <= class && n <= smallMax+header; n++ {
			if n <= fineMax {
				fine[n] = uint16(class)
			} else {
				large[(n-fineMax-1)/coarse] = uint16(class)
			}
		}
	}
	escaped = nil
}

// classOf is the size class of a request of n bytes, 1 <= n <= smallMax+header.
func classOf(n uintptr) uintptr {
	if n <= fineMax {
		return uintptr(fine[n])
	}
	return uintptr(large[(n-fineMax-1)/coarse])
}

// blockOf is the size in bytes of the heap block behind a request of n bytes, where scan says
// whether the object holds pointers. A tiny object gets its own class here: who shares a block
// with whom is known by address only (see tiny.go).
func blockOf(n uintptr, scan bool) uintptr {
	switch {
	case n == 0:
		return 0
	case n > smallMax:
		return (n + page - 1) &^ (page - 1)
	case scan && n > headerMin:
		return classOf(n + header)
	}
	return classOf(n)
}

// Block returns the bytes of the heap block that a request of n bytes gets, where pointers says
// whether the object holds any: for a MemExtra or another size method written by hand. Tiny
// objects (under 16 bytes, no pointers) may share a block of 16 with others; here each gets 8
// or 16 of its own. Block of nothing, or less, is 0.
func Block(n int64, pointers bool) int64 {
	plans.ready.Do(prepare)
	if n <= 0 {
		return 0
	}
	if n > maxBytes {
		return maxBytes
	}
	if n > smallMax { // in 64 bits, on 32-bit machines too
		return (n + page - 1) &^ (page - 1)
	}
	return int64(blockOf(uintptr(n), pointers))
}

// isTiny reports whether the allocator packs such a request with others into one block.
func isTiny(n uintptr, scan bool) bool { return n < tinySize && !scan }
