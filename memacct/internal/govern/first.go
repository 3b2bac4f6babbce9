package govern

import (
	"github.com/syncmem/syncmem/internal/bytesize"
)

// The least that a process limit must leave. Below, measured with a SQLite store, the runtime's own overhead
// decides whether the limit holds, and no budget does.
const (
	MinContent = 3 * bytesize.MiB // a batch of usual units
	overhead   = 6 * bytesize.MiB // what a program grows by once it works: connections, caches, stacks, spans
)

// SmallLimit is the process limit, in bytes, up to which the kernel's generosity does harm: huge pages, and code that is
// read with what is around it. Behind a wall of 48 MiB a sync that takes 3
// to 5 s with small pages took up to 99 s with huge ones, most of it in the kernel; at 96 MiB and above both took the
// same.
const SmallLimit = 128 * bytesize.MiB

// Collector is how garbage is collected in a process.
type Collector struct {
	Percent float64 // GOGC
	Limit   int64   // the runtime's memory limit, in bytes
	SetGo   bool    // and it will be given one below the process limit
}

// FirstContent is how much of a process limit, in bytes, is left for content at first: what the process does not
// use already and will not soon, divided by how far the heap outgrows what lives in it before it is collected.
// From then on the governor knows better. Least is the least limit, about, that leaves so much.
//
// It is not the governor's law with nothing observed yet, because that would refuse limits that hold: the law
// has what lives beside the content outgrown too, and keeps memory back for a runtime that goes past its limit.
// With a Go limit the least that is accepted is 20 MiB where nothing lives yet and 126 MiB beside 100 MiB of live
// heap; by the law it would be 25 and 254, but 20 and 150 hold, with peaks of 16 and 122 MiB, though slowly.
func FirstContent(process, used int64, gc Collector) (content int64, least func(content int64) int64) {
	growth := gc.growth(process)
	content = int64(float64(process-used-overhead) / growth)
	return content, func(content int64) int64 {
		return used + overhead + int64(float64(content)*growth) + bytesize.MiB
	}
}

// growth is how many bytes of heap one live byte costs at the peak of a collection cycle. Without a memory
// limit the heap grows by GOGC percent before it is collected, and what dies meanwhile stays; with one at
// or below the process limit the collector works as hard as it must, and what is needed is slack for what is
// allocated while it marks.
func (gc Collector) growth(process int64) float64 {
	const slack = 1.25 // span tails (8.5 % measured) and the units being built outside the gate
	if gc.SetGo || gc.Limit <= process {
		return 2
	}
	return (1 + gc.Percent/100) * slack
}
