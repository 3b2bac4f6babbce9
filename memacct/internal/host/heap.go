package host

import (
	"runtime"
	"sync"
)

// LiveHeap forces a garbage collection and returns the bytes of heap that it found alive, with what every sync.Pool
// holds. Callers that come while one runs share the next.
func LiveHeap() int64 { return once.read() }

// TrueHeap collects twice: what a sync.Pool holds survives the first. Callers share as those of LiveHeap.
func TrueHeap() int64 { return twice.read() }

var (
	once  = heapMeter{measure: collect}
	twice = heapMeter{measure: func() int64 {
		runtime.GC()
		return collect()
	}}
)

func collect() int64 {
	runtime.GC()
	return readMetrics()[live].Bytes() // what was allocated since may be garbage
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
