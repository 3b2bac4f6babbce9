package host

import (
	"runtime"
	"runtime/debug"
	"time"

	"github.com/syncmem/syncmem/internal/procmem"
)

// Sample is what the runtime and the kernel say at one moment, in bytes.
type Sample struct {
	At      time.Time
	Live    int64 // what the last collection found alive
	Mapped  int64 // what GOMEMLIMIT bounds
	Freed   int64 // bytes of heap that Go gave back
	NonHeap int64 // of that, stacks, spans and the like
	Stacks  int64 // of that, stacks
	Buckets int64 // of that, what profiles have counted by call stack
	Objects int64 // bytes of heap, alive and not collected yet
	Limit   int64 // GOMEMLIMIT
	Allocs  int64 // allocated since the start
	Cycles  int64 // collections since the start
	MarkCPU float64
	RSS     int64   // anonymous resident memory; 0 where the kernel does not tell
	Goal    int64   // of the heap, at which the next collection is to be done
	GCCPU   float64 // seconds of CPU that collections took from the program since the start
	Limiter int64   // the last collection in which the runtime gave the limit up to save CPU

	Refilled int64   // of RSS, memory that Go gave back and that is resident again: see Kernel.Measure
	GOGC     float64 // in percent
	Procs    int     // GOMAXPROCS
}

// ReadMemory asks the runtime and the kernel, for some microseconds.
func (h *Host) ReadMemory() Sample {
	m := readMetrics()
	mapped := m[total].Bytes() - m[released].Bytes()
	return Sample{
		At: time.Now(), Live: m[live].Bytes(), Mapped: mapped, Freed: m[released].Bytes(),
		NonHeap: mapped - m[objects].Bytes() - m[unused].Bytes() - m[free].Bytes(),
		Stacks:  m[stackSpans].Bytes(), Buckets: m[profiles].Bytes(), Objects: m[objects].Bytes(),
		Limit: debug.SetMemoryLimit(-1), Allocs: m[allocs].Bytes(), Cycles: m[cycles].Bytes(),
		MarkCPU: m[dedicated].Seconds() + m[assist].Seconds(), RSS: h.RSS(),
		GCCPU: m[dedicated].Seconds() + m[assist].Seconds() + m[pause].Seconds(),
		Goal:  m[goal].Bytes(), Limiter: m[limiter].Bytes(),
		GOGC: gogc(m[gogcPercent]), Procs: runtime.GOMAXPROCS(0),
	}
}

// HeapObjects is how many bytes of heap are alive, or were not collected yet.
func HeapObjects() int64 { return readMetrics()[objects].Bytes() }

// GOGC is GOGC in percent.
func GOGC() float64 { return gogc(readMetrics()[gogcPercent]) }

// gogc has off read as a huge number: nothing but a memory limit bounds the heap then, and the divisor must stay finite.
func gogc(m procmem.Metric) float64 { return min(400, float64(m.Bytes())) }

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
	goal
	pause
	limiter
	stackSpans
	profiles
)

var metricNames = [...]string{
	total: "/memory/classes/total:bytes", released: "/memory/classes/heap/released:bytes",
	objects: "/memory/classes/heap/objects:bytes", unused: "/memory/classes/heap/unused:bytes", free: "/memory/classes/heap/free:bytes",
	live: "/gc/heap/live:bytes", allocs: "/gc/heap/allocs:bytes", cycles: "/gc/cycles/total:gc-cycles",
	dedicated: "/cpu/classes/gc/mark/dedicated:cpu-seconds", assist: "/cpu/classes/gc/mark/assist:cpu-seconds",
	gogcPercent: "/gc/gogc:percent", goal: "/gc/heap/goal:bytes",
	pause: "/cpu/classes/gc/pause:cpu-seconds", limiter: "/gc/limiter/last-enabled:gc-cycle", stackSpans: "/memory/classes/heap/stacks:bytes",
	profiles: "/memory/classes/profiling/buckets:bytes",
}

// readMetrics reads them all in one call, some microseconds.
func readMetrics() []procmem.Metric { return procmem.ReadMetrics(metricNames[:]) }
