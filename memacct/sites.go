package memacct

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// Site is a place in the program that made memory which lives.
type Site struct {
	// Where is the function, file and line: the innermost that is neither ours nor the standard library's.
	Where string
	// Bytes that live and were made there, those of units in flight included. They are estimated from the sample that
	// the runtime keeps, of one in 512 KiB by default (runtime.MemProfileRate): off by 10 % where they are 50 MiB.
	Bytes int64
	// Loop reports whether they were made in the body of a loop over a gate or a queue: by a stage, and not by the first.
	Loop bool
}

// String says how much and where.
func (s Site) String() string { return bytesize.Format(s.Bytes) + " made at " + s.Where }

// mostSites is how many an error lists.
const mostSites = 5

// mostRecords is how many stacks of the heap profile are looked at, those with the most bytes: names are looked up for
// each, and what is left is little.
const mostRecords = 256

// heapSites are the places that made most of what lived at the end of the last collection, the largest first, and how
// much was made in loops, in bytes. There are none where the program has switched the sampling off. It takes a
// millisecond or two, and is done for each verdict: see BenchmarkHeapSites.
func heapSites() (top []Site, loops int64) {
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
		p := place{where(stack), slices.ContainsFunc(stack, inLoop)}
		if p.where != "" && slices.ContainsFunc(stack, func(f stacks.Frame) bool { return !standard(f.File) }) {
			all[p] += bytes
		}
		if p.loop {
			loops += bytes
		}
	}
	for p, n := range all {
		top = append(top, Site{p.where, n, p.loop})
	}
	slices.SortFunc(top, func(x, y Site) int { return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.Where, y.Where)) })
	return top[:min(len(top), mostSites)], loops
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

// frames are the calls of a stack, the innermost first.
func frames(stack []uintptr) (all []stacks.Frame) {
	if len(stack) == 0 {
		return nil
	}
	next := runtime.CallersFrames(stack)
	for {
		f, more := next.Next()
		all = append(all, stacks.Frame{Func: f.Function, File: f.File, Line: f.Line})
		if !more {
			return all
		}
	}
}

// inLoop reports whether f is a loop of ours over a gate or a queue. Its function may be named below the one that it was
// inlined into; the file tells.
func inLoop(f stacks.Frame) bool {
	_, method, found := strings.Cut(f.Func, "(*line[")
	return found && ours(f) && slices.ContainsFunc([]string{").All", ").Leases", ").Batches", ").LeaseBatches"}, func(m string) bool {
		return strings.Contains(method, m)
	})
}

// coarse is the least of what is held outside the queues, in bytes, for which sites are told: some samples of the
// runtime's.
const coarse = 4 << 20

// held says who holds what is no content.
func (e *BudgetError) held() string {
	if e.Residue.Bytes > 0 && e.Pinned > e.Named { // what is charged by name is told by name
		return e.holder() + ": " + e.Residue.String()
	}
	return e.holder()
}

// made says where most of what lives was made, for the one line of an error.
func (e *BudgetError) made() string {
	if len(e.Sites) == 0 {
		return ""
	}
	return fmt.Sprintf("; most of what lives was made at %s, %s", e.Sites[0].Where, bytesize.Format(e.Sites[0].Bytes))
}

// holder is who keeps what is held outside the queues, as far as that can be told: of what lives, loops made the most,
// or the rest did. Of the rest some is content.
func (e *BudgetError) holder() string {
	var all int64
	for _, s := range e.Sites {
		all += s.Bytes
	}
	switch {
	case e.Pinned == 0 || all == 0:
		return "by the first stage, or leaked"
	case e.loops*2 >= e.Pinned:
		return "by a stage"
	case e.Residue.Bytes > 0:
		return "by the first stage, or by whom it gave the units to"
	}
	return "by the first stage"
}
