package sizer

import (
	"reflect"
	"unsafe"
)

// static is the address range of the program's own image: literals, read-only boxes of
// constants, global variables. What lies there costs no heap.
//
// The range is the hull of a few addresses known to lie in the image, from code (below the
// read-only data) to a zeroed global (the last section), so it needs no guess about where the
// heap may be. Code loaded later (plugins, shared libraries) is outside: its literals are
// charged as if they were on the heap.
var static struct{ low, size uintptr }

var (
	imageData = [1]uint64{1} // initialised data
	imageBSS  [8]uint64      // zeroed data without pointers: the end of the image
	imagePtrs [1]*int        // zeroed data with pointers
)

// maxImage is more than the linker puts in one image: code reaches data by 32-bit offsets.
const maxImage = 1 << 31

// unknown is never set, which the compiler can't know.
var unknown struct {
	number uint8
	text   string
}

var boxes [2]any

// isStatic reports whether p points into the program's image.
func isStatic(p unsafe.Pointer) bool { return uintptr(p)-static.low < static.size }

// findStatic sets the range, or leaves it empty where the image isn't laid out as expected.
func findStatic() {
	// Small values and empty ones are boxed in runtime tables (staticuint64s and zeroVal), but
	// only if the compiler doesn't know them, and can't box them on the stack.
	boxes = [2]any{unknown.number, unknown.text}
	anchors := []uintptr{
		uintptr(unsafe.Pointer(unsafe.StringData("sizer"))),
		uintptr(unsafe.Pointer(&imageData)),
		uintptr(unsafe.Pointer(&imageBSS)),
		uintptr(unsafe.Pointer(&imagePtrs)),
		uintptr(wordsOf(&boxes[0])[1]),
		uintptr(wordsOf(&boxes[1])[1]) + 1023, // zeroVal is 1024 bytes long
	}
	low, high := anchors[0], anchors[0]
	for _, a := range anchors {
		low, high = min(low, a), max(high, a)
	}
	// WebAssembly numbers its functions instead of addressing them; elsewhere code comes first.
	if code := reflect.ValueOf(findStatic).Pointer(); code < low {
		low = code
	}
	size := high - low + 1
	if size > maxImage {
		return
	}
	for _, n := range []int{8, 64, 1 << 10, 1 << 16} {
		escaped = make([]byte, n) // a heap object inside the range proves it wrong
		if uintptr(unsafe.Pointer(unsafe.SliceData(escaped)))-low < size {
			return
		}
	}
	static.low, static.size = low, size
}

// wordsOf views an interface value as its two words: the type (or method table) and the data.
func wordsOf(v *any) *[2]unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(v)) }
