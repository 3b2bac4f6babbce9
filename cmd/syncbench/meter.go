package main

import (
	"time"

	"github.com/syncmem/syncmem/internal/procmem"
)

// meter watches this process's memory while the work runs.
type meter struct {
	resident *procmem.Sampler
	force    *force
	end      chan struct{}
	goPeak   chan int64
}

// peaks are the most bytes of each kind.
type peaks struct {
	procmem.Peak
	closest *moment       // when the process was closest to its limit, or furthest past it; nil where nobody knows
	limits  []limitChange // in force, one after the other
	Go      int64         // of what GOMEMLIMIT bounds, a sample every few milliseconds
}

// sampleEvery is short enough to see a giant unit, whose making takes longer than its saving.
const sampleEvery = 2 * time.Millisecond

func startMeter(o *options) *meter {
	m := &meter{force: newForce(o.limitN, o.limitFrom, time.Now(), leastBound()), end: make(chan struct{}), goPeak: make(chan int64, 1)}
	// In a cgroup that may swap, resident memory stays below the limit whatever the program does.
	m.resident = procmem.StartSampler(sampleEvery, func(s procmem.Sample) { m.force.judge(time.Now(), s.RSSAnon+s.Swap) })
	go m.watchGo()
	return m
}

// watchGo samples what the Go runtime says, the one figure that every system has.
func (m *meter) watchGo() {
	tick := time.NewTicker(5 * sampleEvery)
	defer tick.Stop()
	for peak := int64(0); ; {
		peak = max(peak, procmem.ReadGo().Bounded)
		select {
		case <-tick.C:
		case <-m.end:
			m.goPeak <- peak
			return
		}
	}
}

func (m *meter) stop() peaks {
	close(m.end)
	m.resident.Stop()
	return peaks{m.resident.Peak(), m.force.closest, m.force.changes, <-m.goPeak}
}
