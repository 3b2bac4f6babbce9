//go:build go1.26 && !go1.28 && (amd64 || arm64 || loong64 || ppc64le || riscv64)

package sizer

import (
	"math/bits"
	"reflect"
	"unsafe"
)

// The layout of internal/runtime/maps in Go 1.26 and 1.27 on 64-bit little-endian machines. A new
// Go version gets this reader once its source was compared; until then the formulas serve.
type hmap struct {
	used    uint64
	_       uintptr        // seed
	dir     unsafe.Pointer // *[dirLen]*htable, or the only group when dirLen is 0
	dirLen  int
	_, _    uint8 // globalDepth, globalShift
	writing uint8
	_       bool   // tombstonePossible
	_       uint64 // clearSeq
}

type htable struct {
	used   uint16
	_, _   uint16 // capacity, growthLeft
	_      uint8  // localDepth
	_      int    // index
	groups unsafe.Pointer
	mask   uint64 // groups less one
}

// mapsProven says that the reader agrees with maps built at start; see proveMaps.
var mapsProven bool

// readTables charges the groups and tables of a map and what its entries point to. A map that
// is being written to races with its owner, which the runtime would punish with a fatal error:
// it gets the formula, and its entries aren't followed.
func (w *walker) readTables(m *mapPlan, head unsafe.Pointer) {
	h := (*hmap)(head)
	if h.writing != 0 {
		w.Bytes += int64(m.tablesFor(int(h.used)))
		w.Opaque++
		w.Approximate = true
		return
	}
	if h.dirLen == 0 {
		if h.dir != nil {
			w.Bytes += int64(blockOf(m.group, m.scan))
			w.groups(m, h.dir, 1)
		}
		return
	}
	w.Bytes += int64(blockOf(uintptr(h.dirLen)*wordSize, true))
	var last *htable
	for _, t := range unsafe.Slice((**htable)(h.dir), h.dirLen) {
		if t == last {
			continue // a table that hasn't split yet stands in the directory several times
		}
		last = t
		n := uintptr(t.mask) + 1
		w.Bytes += int64(blockOf(tableHeader, true) + blockOf(n*m.group, m.scan))
		if t.used > 0 {
			w.groups(m, t.groups, n)
		}
	}
}

// groups walks the full slots of n groups, those whose control byte has its top bit clear.
// Full slots side by side are walked as elements of one array.
func (w *walker) groups(m *mapPlan, data unsafe.Pointer, n uintptr) {
	if len(m.rows) == 0 {
		return
	}
	for i := uintptr(0); i < n && !w.Truncated; i++ {
		g := unsafe.Add(data, i*m.group)
		full := ^*(*uint64)(g) & fullControls
		for full != 0 {
			slot := bits.TrailingZeros64(full) / 8
			run := bits.TrailingZeros64(^(full>>(8*slot) | ^uint64(fullControls))) / 8
			for _, r := range m.rows {
				w.elements(r.plan, unsafe.Add(g, r.off+uintptr(slot)*r.size), run)
			}
			full &^= 1<<(8*(slot+run)) - 1
		}
	}
}

// fullControls has the top bit of each control byte, which is clear in a full slot.
const fullControls = 0x8080808080808080

// escapedMap keeps the probes of proveMaps on the heap: a small map on the stack comes with a
// group that one on the heap would not have yet.
var escapedMap any

// proveMaps compares what the reader finds in maps built at start with what was put in. A layout
// that it doesn't understand (an experiment, a patched runtime) turns it off for the life of the
// process.
func proveMaps() {
	layout := newCompiler().mapPlan
	mapsProven = proves(layout, pointerElem) && proves(layout, pointerKey)
	escapedMap = nil
}

// Keys and elements of different size show how a group is laid out: in another, the pointers
// would be elsewhere.
func pointerElem(i int) (uint16, *[3]int) { return uint16(i), new([3]int) }
func pointerKey(int) (*[3]int, [9]byte)   { return new([3]int), [9]byte{} }

// proves reads maps of every shape, with and without deleted entries.
func proves[K comparable, V any](layout func(reflect.Type) *mapPlan, entry func(i int) (K, V)) bool {
	m := layout(reflect.TypeFor[map[K]V]())
	for _, n := range []int{0, 1, 8, 9, 100, 1000} {
		for _, deleted := range []int{0, n / 2} {
			v := make(map[K]V)
			escapedMap = v
			for i := range n {
				key, elem := entry(i)
				v[key] = elem
			}
			for key := range v {
				if len(v) == n-deleted {
					break
				}
				delete(v, key)
			}
			if !m.agrees(wordsOf(&escapedMap)[1], n, len(v)) {
				return false
			}
		}
	}
	return true
}

// agrees reads a map that once had grown entries and now has n, each with a pointer to 24 bytes.
func (m *mapPlan) agrees(head unsafe.Pointer, grown, n int) bool {
	h := (*hmap)(head)
	small := grown <= groupSlots
	if h.used != uint64(n) || h.dirLen < 0 || h.dirLen > 2*grown || (h.dirLen == 0) != small {
		return false
	}
	w := walker{memory: new(memory)}
	defer w.memory.seen.release()
	if w.readTables(m, head); w.Nodes != n {
		return false
	}
	return grown > tableFull || w.Bytes == int64(m.tablesFor(grown))+24*int64(n)
}
