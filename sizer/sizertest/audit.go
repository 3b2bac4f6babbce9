package sizertest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/syncmem/syncmem/sizer"
	"github.com/syncmem/syncmem/sizer/internal/slow"
)

// Pin is a field path whose references keep more alive than they show.
type Pin struct {
	// Path leads to the reference: .Files[].Name.
	Path string
	// Type is the Go type there: a string or slice that is part of a larger one, or a pointer
	// into a larger object.
	Type string
	// Shown is the bytes that the references at the path ask for, rounded to blocks.
	Shown int64
	// Held is the bytes of the blocks they point into. A block that several references point
	// into is held by the first.
	Held int64
	// Count is how many references were found at the path.
	Count int
}

// Report is what an audit found.
type Report struct {
	// Of is what sizer.Of says, in bytes.
	Of int64
	// Pinned is the bytes that are kept alive beyond that, by the pins.
	Pinned int64
	// Pins are the paths that hold more than they show, the largest difference first.
	Pins []Pin
}

// pinFactor is how much more than shown a path must hold to be reported: less is rounding.
const pinFactor = 1.1

// Audit finds what v keeps alive without showing it: a substring of a large buffer, the tail of
// a slice, a pointer to one element. It fails the test when there is such a pin and names the
// paths, and returns the report either way. The remedy is strings.Clone or slices.Clone where
// the value is made.
//
// v is a pointer to the value, or anything else that holds references that reflection sees: not
// those in closures, channels, atomic pointers and sync.Map. The audit reads where the blocks
// really begin and end from a heap dump in a temporary file, some 10 ms for every 10 MB of heap.
func Audit(tb testing.TB, v any) *Report {
	tb.Helper()
	skipIfSanitized(tb)
	r, err := Inspect(v)
	if err != nil {
		tb.Fatal(err)
	}
	if len(r.Pins) > 0 {
		tb.Errorf("%T keeps more alive than it shows; clone what it keeps of a larger buffer\n%v", v, r)
	}
	return r
}

// Inspect is Audit without a test: it returns an error only when the heap can't be dumped.
func Inspect(v any) (*Report, error) {
	measuring.Lock()
	defer measuring.Unlock()
	if v == nil {
		return &Report{}, nil
	}
	blocks, err := heapBlocks()
	if err != nil {
		return nil, err
	}
	a := auditor{blocks: blocks, seen: map[uintptr]bool{}, pins: map[string]*Pin{}}
	box := reflect.New(reflect.TypeOf(v))
	box.Elem().Set(reflect.ValueOf(v))
	slow.Walk(box, a.see)
	r := &Report{Of: sizer.Explain(v).Bytes}
	for _, p := range a.pins {
		if float64(p.Held) > pinFactor*float64(p.Shown) {
			r.Pins = append(r.Pins, *p)
			r.Pinned += p.Held - p.Shown
		}
	}
	slices.SortFunc(r.Pins, func(a, b Pin) int {
		return cmp.Or(cmp.Compare(b.Held-b.Shown, a.Held-a.Shown), strings.Compare(a.Path, b.Path))
	})
	return r, nil
}

type auditor struct {
	blocks []block
	seen   map[uintptr]bool // addresses followed and blocks charged
	pins   map[string]*Pin
}

// see notes one reference, and says whether to follow it: not what isn't on the heap, and no
// address twice.
func (a *auditor) see(r slow.Ref) bool {
	addr := uintptr(r.Addr)
	if r.Addr == nil {
		return true // inside a map, where a block is never shared
	}
	b, ok := find(a.blocks, addr)
	if !ok {
		return false
	}
	if r.Size > 0 { // not a map, whose tables are its own
		a.note(r, b)
	}
	return a.first(addr)
}

// note adds a reference to its path. The first to point into a block holds all of it.
func (a *auditor) note(r slow.Ref, b block) {
	p := a.pins[r.Path]
	if p == nil {
		p = &Pin{Path: r.Path, Type: r.Type.String()}
		a.pins[r.Path] = p
	}
	shown := min(sizer.Block(int64(r.Size), r.Scan), int64(b.size))
	if b.size == tinyBlock && !r.Scan {
		shown = tinyBlock // shared with its neighbours, not pinned
	}
	p.Count++
	p.Shown += shown
	if a.first(b.addr ^ ownMark) {
		p.Held += int64(b.size)
	} else {
		p.Held += shown
	}
}

const (
	tinyBlock = 16
	// ownMark tells in seen the charge for a block from the visit of its first byte: blocks
	// start at multiples of 8.
	ownMark = 1
)

func (a *auditor) first(addr uintptr) bool {
	if a.seen[addr] {
		return false
	}
	a.seen[addr] = true
	return true
}

// String prints the report, one line a pin.
func (r *Report) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d bytes by sizer.Of, %d more pinned\n", r.Of, r.Pinned)
	for _, p := range r.Pins {
		fmt.Fprintf(&s, "%10d bytes held, %d shown by %d of %s %s\n", p.Held, p.Shown, p.Count, p.Path, p.Type)
	}
	return s.String()
}
