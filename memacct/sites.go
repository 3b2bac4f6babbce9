package memacct

import (
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

// heapSites are the places that made most of what lived at the end of the last collection, and how much was made in
// loops, in bytes: see stacks.HeapPlaces.
func heapSites() (top []Site, loops int64) {
	places, loops := stacks.HeapPlaces(mostSites, inLoop)
	for _, p := range places {
		top = append(top, Site{p.Where, p.Bytes, p.Loop})
	}
	return top, loops
}

// inLoop reports whether f is a loop of ours over a gate or a queue. Its function may be named below the one that it was
// inlined into; the file tells.
func inLoop(f stacks.Frame) bool {
	_, method, found := strings.Cut(f.Func, "(*line[")
	return found && stacks.Ours(f) && slices.ContainsFunc([]string{").All", ").Leases", ").Batches", ").LeaseBatches"}, func(m string) bool {
		return strings.Contains(method, m)
	})
}

// coarse is the least of what is held outside the queues, in bytes, for which sites are told: some samples of the
// runtime's.
const coarse = 4 << 20
