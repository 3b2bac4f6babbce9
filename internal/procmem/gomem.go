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

// Limited tells whether there is a GOMEMLIMIT.
func (g Go) Limited() bool { return g.Limit != math.MaxInt64 }

// ReadGo asks the runtime. It works on every system, takes microseconds, and
// does not stop the program; nor does it force a collection, so Live may be
// old.
func ReadGo() Go {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/gc/limiter/last-enabled:gc-cycle"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0 // a later runtime may drop a metric
		}
		return samples[i].Value.Uint64()
	}
	return Go{
		Bounded: int64(value(0) - value(1)),
		Live:    int64(value(2)),
		Limit:   debug.SetMemoryLimit(-1), // a negative one only asks
		Limiter: value(3),
	}
}
