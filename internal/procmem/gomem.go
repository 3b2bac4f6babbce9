package procmem

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
)

// Go is what the Go runtime says about its memory.
type Go struct {
	Bounded int64 // bytes that GOMEMLIMIT bounds: all it mapped, less what it gave back
	Live    int64 // heap bytes the last collection found alive
	Limit   int64 // GOMEMLIMIT in bytes; math.MaxInt64 is none
	// Limiter is the last collection in which the runtime let the limit go
	// because collecting took half of the processor; 0 is never. A limit that
	// held while this moved held by thrashing.
	Limiter uint64
}

// Limited reports whether there is a GOMEMLIMIT.
func (g Go) Limited() bool { return g.Limit != math.MaxInt64 }

// ReadGo asks the runtime. It works on every system, takes microseconds, and
// does not stop the program; nor does it force a collection, so Live may be
// old.
func ReadGo() Go {
	m := ReadMetrics([]string{
		"/memory/classes/total:bytes", "/memory/classes/heap/released:bytes", "/gc/heap/live:bytes", "/gc/limiter/last-enabled:gc-cycle",
	})
	return Go{
		Bounded: m[0].Bytes() - m[1].Bytes(),
		Live:    m[2].Bytes(),
		Limit:   debug.SetMemoryLimit(-1), // a negative one only asks
		Limiter: uint64(m[3].Bytes()),
	}
}

// GCPart is the part of the processor time this program has used until the last collection that collecting garbage
// took, from 0 to 1. It is an estimate of the runtime's; 0 where there is none.
func GCPart() float64 {
	m := ReadMetrics([]string{"/cpu/classes/gc/total:cpu-seconds", "/cpu/classes/total:cpu-seconds", "/cpu/classes/idle:cpu-seconds"})
	used := m[1].Seconds() - m[2].Seconds()
	if used <= 0 {
		return 0
	}
	return min(1, m[0].Seconds()/used)
}

// Metric is one reading of runtime/metrics.
type Metric metrics.Sample

// ReadMetrics reads several metrics of the runtime in one call, some
// microseconds. The readings are in the order of the names.
func ReadMetrics(names []string) []Metric {
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	read := make([]Metric, len(samples))
	for i, s := range samples {
		read[i] = Metric(s)
	}
	return read
}

// Bytes is the reading as an amount, or a count; 0 if this runtime does not
// have the metric.
func (m Metric) Bytes() int64 {
	if m.Value.Kind() != metrics.KindUint64 {
		return 0 // a later runtime may drop a metric
	}
	return int64(min(m.Value.Uint64(), math.MaxInt64))
}

// Seconds is the reading as a time; 0 if this runtime does not have the
// metric.
func (m Metric) Seconds() float64 {
	if m.Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return m.Value.Float64()
}
