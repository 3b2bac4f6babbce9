package memacct

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// The least that a process limit must leave. Below, measured with a SQLite store, the runtime's own overhead
// decides whether the limit holds, and no budget does.
const (
	minContent = 3 * bytesize.MiB // a batch of usual units
	overhead   = 6 * bytesize.MiB // what a program grows by once it works: connections, caches, stacks, spans
)

// contentOf is how much of a process limit, in bytes, is left for content at first: what the process does not
// use already and will not soon, divided by how far the heap outgrows what lives in it before it is collected.
// From then on the governor knows better.
func contentOf(process int64, from string) (limitSource, error) {
	if process <= 0 {
		return limitSource{}, fmt.Errorf("memacct: a process limit of %d bytes: use Process(n) with n > 0", process)
	}
	used, growth := readMem().mapped, heapGrowth(process)
	content := int64(float64(process-used-overhead) / growth)
	if content < minContent {
		least := used + overhead + int64(float64(minContent)*growth) + bytesize.MiB
		return limitSource{}, fmt.Errorf("memacct: a process limit of %s (%s) is too small: the program itself uses %s before any content; set %dMiB or more",
			bytesize.Format(process), from, bytesize.Format(used), least/bytesize.MiB)
	}
	return limitSource{process: process, content: content, from: from}, nil
}

// heapGrowth is how many bytes of heap one live byte costs at the peak of a collection cycle. Without a memory
// limit the heap grows by GOGC percent before it is collected, and what dies meanwhile stays; with one at
// or below the process limit the collector works as hard as it must, and what is needed is slack for what is
// allocated while it marks.
func heapGrowth(process int64) float64 {
	const slack = 1.25 // span tails (8.5 % measured) and the units being built outside the gate
	if debug.SetMemoryLimit(-1) <= process {
		return 2
	}
	return (1 + gogc()/100) * slack
}

// metric is one reading of runtime/metrics.
type metric metrics.Sample

// The metrics that readMetrics reads, by index.
const (
	total = iota
	released
	objects
	unused
	free
	live
	allocs
	cycles
	dedicated
	assist
	gogcPercent
)

var metricNames = [...]string{
	total: "/memory/classes/total:bytes", released: "/memory/classes/heap/released:bytes",
	objects: "/memory/classes/heap/objects:bytes", unused: "/memory/classes/heap/unused:bytes", free: "/memory/classes/heap/free:bytes",
	live: "/gc/heap/live:bytes", allocs: "/gc/heap/allocs:bytes", cycles: "/gc/cycles/total:gc-cycles",
	dedicated: "/cpu/classes/gc/mark/dedicated:cpu-seconds", assist: "/cpu/classes/gc/mark/assist:cpu-seconds",
	gogcPercent: "/gc/gogc:percent",
}

// readMetrics reads them all in one call, some microseconds.
func readMetrics() []metric {
	samples := make([]metrics.Sample, len(metricNames))
	for i, name := range metricNames {
		samples[i].Name = name
	}
	metrics.Read(samples)
	read := make([]metric, len(samples))
	for i, s := range samples {
		read[i] = metric(s)
	}
	return read
}

// bytes is the reading as an amount; 0 if this runtime does not have the metric.
func (m metric) bytes() int64 {
	if m.Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(min(m.Value.Uint64(), math.MaxInt64))
}

// seconds is the reading as a time; 0 if this runtime does not have the metric.
func (m metric) seconds() float64 {
	if m.Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return m.Value.Float64()
}

// liveHeap forces a garbage collection and returns the bytes of heap that live after it. Callers that come
// while one runs share the next.
var liveHeap = (&heapMeter{measure: collect}).read

// collect runs the collector twice: what a sync.Pool holds survives the first.
func collect() int64 {
	runtime.GC()
	runtime.GC()
	return readMetrics()[objects].bytes()
}

// heapMeter lets concurrent callers share a measurement that began after each of them asked.
type heapMeter struct {
	measure func() int64
	mu      sync.Mutex // held while measuring
	asked   sync.Mutex // guards seq
	seq     int64      // requests so far
	covered int64      // requests that the last measurement covers
	last    int64
}

func (m *heapMeter) read() int64 {
	m.asked.Lock()
	m.seq++
	mine := m.seq
	m.asked.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.covered >= mine {
		return m.last
	}
	m.asked.Lock()
	m.covered = m.seq
	m.asked.Unlock()
	m.last = m.measure()
	return m.last
}
