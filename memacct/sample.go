package memacct

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memSample is what the runtime and the kernel say at one moment, in bytes.
type memSample struct {
	at      time.Time
	live    int64 // what the last collection found alive
	mapped  int64 // what GOMEMLIMIT bounds
	freed   int64 // bytes of heap that Go gave back
	nonHeap int64 // of that, stacks, spans and the like
	stacks  int64 // of that, stacks
	buckets int64 // of that, what profiles have counted by call stack
	objects int64 // bytes of heap, alive and not collected yet
	limit   int64 // GOMEMLIMIT
	allocs  int64 // allocated since the start
	cycles  int64 // collections since the start
	markCPU float64
	rss     int64   // anonymous resident memory; 0 where the kernel does not tell
	goal    int64   // of the heap, at which the next collection is to be done
	gcCPU   float64 // seconds of CPU that collections took from the program since the start
	limiter int64   // the last collection in which the runtime gave the limit up to save CPU
}

func (h *host) readMem() memSample {
	m := readMetrics()
	mapped := m[total].bytes() - m[released].bytes()
	return memSample{
		at: time.Now(), live: m[live].bytes(), mapped: mapped, freed: m[released].bytes(),
		nonHeap: mapped - m[objects].bytes() - m[unused].bytes() - m[free].bytes(),
		stacks:  m[stackSpans].bytes(), buckets: m[profiles].bytes(), objects: m[objects].bytes(),
		limit: debug.SetMemoryLimit(-1), allocs: m[allocs].bytes(), cycles: m[cycles].bytes(),
		markCPU: m[dedicated].seconds() + m[assist].seconds(), rss: h.rss(),
		gcCPU: m[dedicated].seconds() + m[assist].seconds() + m[pause].seconds(),
		goal:  m[goal].bytes(), limiter: m[limiter].bytes(),
	}
}

// gogc is GOGC in percent. Off reads as a huge number: nothing but a memory limit bounds the heap then, and the
// divisor must stay finite.
func gogc() float64 { return min(400, float64(readMetrics()[gogcPercent].bytes())) }

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
