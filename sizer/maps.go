package sizer

import (
	"math"
	"reflect"
	"slices"
	"unsafe"

	"github.com/syncmem/syncmem/sizer/internal/groups"
)

// Constants of the runtime's maps since Go 1.24 (internal/runtime/maps, internal/abi): groups
// of eight slots behind a control word, tables of at most 1024 slots that are 7/8 full before
// they grow, keys and elements over 128 bytes kept outside.
const (
	groupSlots  = 8
	controlWord = 8
	tableMax    = 1024
	tableFull   = tableMax * 7 / 8
	inlineMax   = 128
	wordSize    = unsafe.Sizeof(uintptr(0))
	mapHeader   = 16 + 4*wordSize // maps.Map: 48 bytes, 32 on 32-bit
	tableHeader = 16 + 2*wordSize // maps.table: 32 bytes, 24 on 32-bit
)

// mapPlan is how the maps of one type lie in memory.
type mapPlan struct {
	typ       reflect.Type
	key, elem *plan
	rows      []row
	group     uintptr // bytes of one group
	scan      bool    // groups hold pointers
}

// row is eight values side by side in a group: its slots, or its keys, or its elements.
type row struct {
	off uintptr // in the group
	*plan
}

func alignUp(n, a uintptr) uintptr { return (n + a - 1) &^ (a - 1) }

// mapPlan lays out a group as the compiler does (cmd/compile/internal/reflectdata/map.go).
// It is registered before it is filled: a map's elements may hold such maps.
func (c *compiler) mapPlan(t reflect.Type) *mapPlan {
	if m := c.maps[t]; m != nil {
		return m
	}
	m := &mapPlan{typ: t}
	c.maps[t] = m
	m.key, m.elem = c.plan(t.Key()), c.plan(t.Elem())
	m.scan = hasPointers(t.Key()) || hasPointers(t.Elem()) || t.Key().Size() > inlineMax || t.Elem().Size() > inlineMax
	if groups.Split {
		m.split(c)
	} else {
		m.interleave(c)
	}
	m.rows = slices.DeleteFunc(m.rows, func(r row) bool { r.seal(); return r.leaf() })
	return m
}

// interleave lays out a group of slots, each a key and its element.
func (m *mapPlan) interleave(c *compiler) {
	keySize, keyAlign := inSlot(m.key)
	elemSize, elemAlign := inSlot(m.elem)
	elemOff := alignUp(keySize, elemAlign)
	if elemSize == 0 && elemOff > 0 {
		elemSize = 1 // so that the address of the element isn't past the slot
	}
	align := max(keyAlign, elemAlign)
	slot := &plan{typ: m.typ, size: alignUp(elemOff+elemSize, align)}
	m.group = alignUp(controlWord+max(groupSlots*slot.size, 1), max(align, controlAlign))
	c.slot(slot, m.key, 0, "[key]")
	c.slot(slot, m.elem, elemOff, "[]")
	m.rows = []row{{controlWord, slot}}
}

// split lays out a group of eight keys and then eight elements.
func (m *mapPlan) split(c *compiler) {
	keySize, keyAlign := inSlot(m.key)
	elemSize, elemAlign := inSlot(m.elem)
	keysOff := alignUp(controlWord, keyAlign)
	elemsOff := alignUp(keysOff+groupSlots*keySize, elemAlign)
	end := elemsOff + max(groupSlots*elemSize, 1) // the address of no element may be past the group
	m.group = alignUp(end, max(keyAlign, elemAlign, controlAlign))
	keys, elems := &plan{typ: m.typ, size: keySize}, &plan{typ: m.typ, size: elemSize}
	c.slot(keys, m.key, 0, "[key]")
	c.slot(elems, m.elem, 0, "[]")
	m.rows = []row{{keysOff, keys}, {elemsOff, elems}}
}

// controlAlign is the alignment of the control word, a uint64.
const controlAlign = unsafe.Alignof(uint64(0))

// inSlot is what a key or an element takes in a group.
func inSlot(p *plan) (size, align uintptr) {
	if p.size > inlineMax {
		return wordSize, wordSize
	}
	return p.size, uintptr(p.typ.Align())
}

// slot adds to the plan of a row the key or the element at off.
func (c *compiler) slot(row, p *plan, off uintptr, name string) {
	if p.size > inlineMax {
		row.ops = append(row.ops, op{code: opIndirect, off: off, elem: p, about: &about{typ: p.typ, name: name}})
		return
	}
	c.inline(row, p.typ, off, name)
}

// mapping charges a map: its header once, then its tables and entries.
func (w *walker) mapping(m *mapPlan, h unsafe.Pointer) {
	if !w.charge(h, blockOf(mapHeader, true), false, m.key.loops || m.elem.loops) {
		return
	}
	if w.depth >= maxDepth && w.memory != nil {
		w.postpone(task{m: m, base: h})
		return
	}
	w.depth++
	w.tables(m, h)
	w.depth--
}

// tables charges all of a map behind its header.
func (w *walker) tables(m *mapPlan, h unsafe.Pointer) {
	if mapsProven {
		w.readTables(m, h)
	} else {
		w.guessTables(m, h)
	}
}

// guessTables is for runtimes whose maps we can't read: the tables by formula from the number
// of entries, the entries through reflection.
func (w *walker) guessTables(m *mapPlan, h unsafe.Pointer) {
	w.Approximate = true
	w.Bytes += int64(m.tablesFor(len(*(*map[int]int)(unsafe.Pointer(&h)))))
	if len(m.rows) == 0 {
		return
	}
	v := reflect.New(m.typ)
	*(*unsafe.Pointer)(v.UnsafePointer()) = h
	key, elem := reflect.New(m.typ.Key()), reflect.New(m.typ.Elem())
	for it := v.Elem().MapRange(); it.Next() && !w.Truncated; {
		key.Elem().SetIterKey(it)
		elem.Elem().SetIterValue(it)
		w.entry(m.key, key.UnsafePointer())
		w.entry(m.elem, elem.UnsafePointer())
	}
}

// entry charges a key or an element that was copied out of its map.
func (w *walker) entry(p *plan, at unsafe.Pointer) {
	if p.size > inlineMax {
		w.Bytes += int64(p.block)
	}
	w.walk(p, at)
}

// tablesFor is the bytes behind the header of a map that grew to n entries without deleting:
// exact up to tableFull, the mean above, where tables split as their random shares overflow.
func (m *mapPlan) tablesFor(n int) uintptr {
	if n == 0 {
		return 0
	}
	if n <= groupSlots {
		return blockOf(m.group, m.scan)
	}
	if n <= tableFull {
		slots := 2 * groupSlots
		for n > slots*7/8 {
			slots *= 2
		}
		return blockOf(wordSize, true) + m.tableOf(slots)
	}
	tables, dir := splits(n)
	return blockOf(uintptr(dir)*wordSize, true) + uintptr(tables*float64(m.tableOf(tableMax)))
}

// tableOf is the bytes of one table with that many slots.
func (m *mapPlan) tableOf(slots int) uintptr {
	return blockOf(tableHeader, true) + blockOf(uintptr(slots/groupSlots)*m.group, m.scan)
}

// splits is the expected number of tables for n entries, and the length of the directory.
// Entries fall on tables at random, so a table's share is close to a Poisson variable: of the
// 2^d tables that share n, those over tableFull have split once more.
func splits(n int) (tables float64, dir int) {
	over := func(mean float64) float64 { // P(share > tableFull), normal approximation
		return math.Erfc((tableFull+0.5-mean)/math.Sqrt(2*mean)) / 2
	}
	d := 0
	for d < 40 && n > tableFull<<d {
		d++
	}
	k := float64(uint(1) << d)
	split := over(float64(n) / k)
	tables = k * (1 + split)
	if d > 1 { // and of the half as many before them, some haven't split yet
		tables -= k / 2 * (1 - over(2*float64(n)/k))
	}
	dir = 1 << d
	if split*k > 0.5 {
		dir *= 2
	}
	return tables, dir
}
