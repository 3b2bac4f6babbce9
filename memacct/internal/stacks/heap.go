package stacks

import (
	"cmp"
	"math"
	"runtime"
	"slices"
)

// mostRecords is how many stacks of the heap profile are looked at, those with the most bytes: names are looked up for
// each, and what is left is little.
const mostRecords = 256

// HeapPlace is a place in the program that made memory which lives.
type HeapPlace struct {
	Where string // as [Where] has it
	Bytes int64  // that live, an estimate from the runtime's sample
	Loop  bool   // they were made where inLoop said so
}

// HeapPlaces are the places, so many at most, that made most of what lived at the end of the last collection, the largest first, and how
// much was made in loops, in bytes. There are none where the program has switched the sampling off. It takes a
// millisecond or two, and is done for each verdict: see BenchmarkHeapPlaces.
func HeapPlaces(most int, inLoop func(Frame) bool) (top []HeapPlace, loops int64) {
	rate := float64(runtime.MemProfileRate)
	if rate <= 0 {
		return nil, 0
	}
	var records []runtime.MemProfileRecord
	for n, ok := runtime.MemProfile(nil, false); !ok; { // more may come meanwhile
		records = make([]runtime.MemProfileRecord, n+n/8+16)
		if n, ok = runtime.MemProfile(records, false); ok {
			records = records[:n]
		}
	}
	slices.SortFunc(records, func(x, y runtime.MemProfileRecord) int { return cmp.Compare(y.InUseBytes(), x.InUseBytes()) })
	records = records[:min(len(records), mostRecords)]
	type place struct {
		where string
		loop  bool
	}
	all := map[place]int64{}
	for i := range records {
		r := &records[i]
		bytes := unsampled(r.InUseObjects(), r.InUseBytes(), rate)
		stack := frames(r.Stack())
		p := place{Where(stack), slices.ContainsFunc(stack, inLoop)}
		if p.where != "" && slices.ContainsFunc(stack, func(f Frame) bool { return !Standard(f.File) }) {
			all[p] += bytes
		}
		if p.loop {
			loops += bytes
		}
	}
	for p, n := range all {
		top = append(top, HeapPlace{p.where, n, p.loop})
	}
	slices.SortFunc(top, func(x, y HeapPlace) int { return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.Where, y.Where)) })
	return top[:min(len(top), most)], loops
}

// unsampled is the estimate for all objects from those sampled: the chance of one to be is 1 - exp(-size/rate), as the
// documentation of runtime.MemProfileRate has it for an exponential distribution of the gaps.
func unsampled(objects, bytes int64, rate float64) int64 {
	if objects <= 0 || bytes <= 0 {
		return 0
	}
	size := float64(bytes) / float64(objects)
	return int64(float64(bytes) / -math.Expm1(-size/rate))
}
