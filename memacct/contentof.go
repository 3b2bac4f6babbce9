package memacct

import (
	"runtime/debug"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// The least that a process limit must leave. Below, measured with a SQLite store, the runtime's own overhead
// decides whether the limit holds, and no budget does.
const (
	minContent = 3 * bytesize.MiB // a batch of usual units
	overhead   = 6 * bytesize.MiB // what a program grows by once it works: connections, caches, stacks, spans
)

// smallLimit is the process limit, in bytes, up to which huge pages do harm. Behind a wall of 48 MiB a sync that takes 3
// to 5 s with small pages took up to 99 s with huge ones, most of it in the kernel; at 96 MiB and above both took the
// same.
const smallLimit = 128 * bytesize.MiB

// contentOf is how much of a process limit, in bytes, is left for content at first: what the process does not
// use already and will not soon, divided by how far the heap outgrows what lives in it before it is collected.
// From then on the governor knows better. Least is the least limit, about, that leaves so much.
//
// It is not the governor's law with nothing observed yet, because that would refuse limits that hold: the law
// has what lives beside the content outgrown too, and keeps memory back for a runtime that goes past its limit.
// With a Go limit the least that is accepted is 20 MiB where nothing lives yet and 126 MiB beside 100 MiB of live
// heap; by the law it would be 25 and 254, but 20 and 150 hold, with peaks of 16 and 122 MiB, though slowly.
func contentOf(process, used int64, setGo bool) (content int64, least func(content int64) int64) {
	growth := heapGrowth(process, setGo)
	content = int64(float64(process-used-overhead) / growth)
	return content, func(content int64) int64 {
		return used + overhead + int64(float64(content)*growth) + bytesize.MiB
	}
}

// heapGrowth is how many bytes of heap one live byte costs at the peak of a collection cycle. Without a memory
// limit the heap grows by GOGC percent before it is collected, and what dies meanwhile stays; with one at
// or below the process limit the collector works as hard as it must, and what is needed is slack for what is
// allocated while it marks.
func heapGrowth(process int64, setGo bool) float64 {
	const slack = 1.25 // span tails (8.5 % measured) and the units being built outside the gate
	if setGo || debug.SetMemoryLimit(-1) <= process {
		return 2
	}
	return (1 + host.GOGC()/100) * slack
}
