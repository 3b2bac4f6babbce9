package sizertest

import (
	"runtime"
	"sync"
	"testing"

	"github.com/syncmem/syncmem/sizer"
)

// measuring lets one measurement run at a time: they read the heap of the whole process.
var measuring sync.Mutex

const (
	// wanted is how many bytes a measurement builds, so that what else the process allocates
	// in between is far below a percent.
	wanted = 2 << 20
	// bound is how many bytes building them may allocate.
	bound = 64 << 20
	// most is how many values it builds at most.
	most = 100_000
	// few is how many it builds at least.
	few = 8
)

// leastGrowth is the growth a value, in bytes, below which nothing was built: the smallest value takes one byte,
// and what else the process allocates meanwhile is a few bytes over thousands of values.
const leastGrowth = 0.5

// Check measures what the heap really grows by for each value that build makes, and compares
// it with sizer.Of. It fails the test when the ratio of the two is farther from 1 than
// tolerance (0.01 is a percent), and returns the ratio: under 1 when Of says too little.
//
// build is called up to 100,000 times, until about 2 MiB are built; what it allocates besides
// the value is collected before the heap is read.
func Check[T any](tb testing.TB, build func() *T, tolerance float64) (ratio float64) {
	tb.Helper()
	skipIfSanitized(tb)
	of, real := Growth(build)
	if real < leastGrowth {
		tb.Errorf("%T: the heap didn't grow, so there is nothing to compare: build must return a new value each time", *new(T))
		return 0
	}
	ratio = of / real
	if ratio < 1-tolerance || ratio > 1+tolerance {
		tb.Errorf("sizer.Of says %.1f bytes for a %T, the heap grew by %.1f: %.4f times, not within %v\n%v",
			of, *new(T), real, ratio, tolerance, sizer.Explain(build()))
	}
	return ratio
}

// Growth returns, for the values that build makes, the mean of sizer.Of and the mean heap
// growth, both in bytes a value.
func Growth[T any](build func() *T) (of, real float64) {
	measuring.Lock()
	defer measuring.Unlock()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // tiny objects are packed for each processor
	keep := make([]*T, count(build))
	before := heap()
	for i := range keep {
		keep[i] = build()
	}
	after := heap()
	for _, v := range keep {
		of += float64(sizer.Of(v))
	}
	n := float64(len(keep))
	return of / n, float64(after-before) / n
}

// count is how many values to build. Some hold far more than Of says: what building a few
// allocates bounds that, so that measuring them doesn't fill the machine.
func count[T any](build func() *T) int {
	var before, after runtime.MemStats
	of := int64(1)
	runtime.ReadMemStats(&before)
	for range few {
		of += sizer.Of(build())
	}
	runtime.ReadMemStats(&after)
	allocated := int64(after.TotalAlloc-before.TotalAlloc) + 1
	return int(max(few, min(most, few*wanted/of, few*bound/allocated)))
}

// heap is the bytes of live blocks. The second collection sweeps what the first one found.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// skipIfSanitized skips the test loudly when the build's allocator isn't the one Of describes.
func skipIfSanitized(tb testing.TB) {
	tb.Helper()
	if sanitized {
		tb.Skip("sizertest: SKIPPED under -race, -msan or -asan, whose allocator doesn't pack tiny objects: run this test without them")
	}
}
