package sizertest

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
)

// block is one object of the heap, as the allocator laid it out.
type block struct{ addr, size uintptr }

const (
	dumpMagic = "go1.7 heap dump\n"
	tagObject = 1
	fieldsEnd = 0
)

// records are the layouts of what comes before and among the objects of a heap dump, by tag:
// n is a number (an unsigned varint), s a length and that many bytes, f a list of pointers
// (go.dev/wiki/heapdump15-through-heapdump17, and runtime/heapdump.go for what changed since).
var records = map[uint64]string{
	tagObject: "nsf",     // address, contents
	3:         "nnsn",    // a type
	6:         "nnnnssn", // the parameters of the process
	8:         "nn",      // a method table
}

// heapBlocks lists every block of the heap, by address. It collects garbage, stops the world
// while the runtime writes its heap dump to a temporary file, and takes time and disk in
// proportion to the heap.
func heapBlocks() ([]block, error) {
	f, err := os.CreateTemp("", "sizertest-*.heapdump")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	runtime.GC()
	debug.WriteHeapDump(f.Fd())
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	blocks, err := readDump(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("sizertest: heap dump of %s can't be read: %w", runtime.Version(), err)
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("sizertest: no object found in the heap dump of %s: its format has changed, and this package must follow", runtime.Version())
	}
	slices.SortFunc(blocks, func(a, b block) int { return cmp.Compare(a.addr, b.addr) })
	return blocks, nil
}

// readDump reads a heap dump as far as its objects go.
func readDump(r *bufio.Reader) (blocks []block, err error) {
	magic := make([]byte, len(dumpMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != dumpMagic {
		return nil, fmt.Errorf("not a heap dump of a known version: %q (%v)", magic, err)
	}
	for {
		tag, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err
		}
		layout, known := records[tag]
		if !known {
			return blocks, nil // the goroutines, which come after the objects
		}
		b, err := readRecord(r, layout)
		if err != nil {
			return nil, err
		}
		if tag == tagObject {
			blocks = append(blocks, b)
		}
	}
}

// readRecord skips a record, and keeps its first number and the length of its last string: of
// an object, the address and the size.
func readRecord(r *bufio.Reader, layout string) (b block, err error) {
	for i, field := range layout {
		n, err := binary.ReadUvarint(r)
		switch {
		case err != nil:
			return b, err
		case i == 0:
			b.addr = uintptr(n)
		case field == 's':
			b.size = uintptr(n)
			_, err = r.Discard(int(n))
		case field == 'f':
			err = skipFields(r, n)
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// skipFields skips the list of an object's pointers: kind and offset, until the kind is the end.
func skipFields(r *bufio.Reader, kind uint64) error {
	for kind != fieldsEnd {
		if _, err := binary.ReadUvarint(r); err != nil { // the offset
			return err
		}
		var err error
		if kind, err = binary.ReadUvarint(r); err != nil {
			return err
		}
	}
	return nil
}

// find returns the block that holds the address.
func find(blocks []block, addr uintptr) (block, bool) {
	i, exact := slices.BinarySearchFunc(blocks, addr, func(b block, a uintptr) int { return cmp.Compare(b.addr, a) })
	if !exact {
		i--
	}
	if i < 0 || addr-blocks[i].addr >= blocks[i].size {
		return block{}, false
	}
	return blocks[i], true
}
