//go:build !386 && !arm && !mips && !mipsle && !wasm

// The numbers below are those of 64-bit machines.
package sizer_test

import (
	"fmt"
	"strings"

	"github.com/syncmem/syncmem/sizer"
)

type Release struct {
	Name   string
	Files  []File
	Labels map[string]string
	Index  *Index `mem:"shared"` // one for all releases
}

type File struct{ Path, Digest string }

type Index struct{ Releases []*Release }

func release() *Release {
	text := func(n int) string { return strings.Clone(strings.Repeat("x", n)) }
	return &Release{
		Name:   text(20),
		Files:  []File{{text(60), text(64)}, {text(50), text(64)}},
		Labels: map[string]string{text(16): text(32)},
		Index:  &Index{Releases: make([]*Release, 1000)},
	}
}

func ExampleOf() {
	fmt.Println(sizer.Of(release()), "bytes")
	// Output: 792 bytes
}

func ExampleExplain() {
	fmt.Print(sizer.Explain(release()))
	// Output:
	// 792 bytes in *sizer_test.Release
	//        384  48.5%   .Labels map[string]string
	//         32   4.0%     .Labels[] string
	//         16   2.0%     .Labels[key] string
	//        320  40.4%   .Files []sizer_test.File
	//        128  16.2%     .Files[].Path string x2
	//        128  16.2%     .Files[].Digest string x2
	//         24   3.0%   .Name string
	//          0   0.0%   .Index *sizer_test.Index (shared, by its tag)
}

// Two units that share a vendor: the first pays for it.
func ExampleScope() {
	vendor := strings.Repeat("v", 1000)
	a, b := []string{vendor}, []string{vendor}
	var batch sizer.Scope
	fmt.Println(batch.Of(a), batch.Of(b))
	// Output: 1040 16
}

// cBuffer holds memory that reflection doesn't see.
type cBuffer struct {
	_    uintptr // a pointer of C's
	size int64
}

func (b *cBuffer) MemExtra() int64 { return b.size }

func ExampleExtra() {
	fmt.Println(sizer.Of(&struct {
		Name string
		Body cBuffer
	}{strings.Repeat("n", 100), cBuffer{size: 4096}}))
	// Output: 4240
}

func ExampleMeasure() {
	events := make(chan *Release, 10)
	events <- release()
	r := sizer.Measure(events)
	fmt.Println(r.Bytes, r.Opaque)
	// Output: 192 1
}

func ExampleMarkShared() {
	sizer.MarkShared[*Index]()
	fmt.Println(sizer.Of(&Index{Releases: make([]*Release, 1000)}))
	// Output: 0
}
