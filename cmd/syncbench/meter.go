package main

import (
	"time"

	"github.com/syncmem/syncmem/internal/procmem"
)

// meter watches this process's memory while the work runs.
type meter struct {
	resident *procmem.Sampler
	end      chan struct{}
	goPeak   chan int64
}

// peaks are the most bytes of each kind.
type peaks struct {
	procmem.Peak
	Go int64 // of what GOMEMLIMIT bounds, a sample every few milliseconds
}

// sampleEvery is short enough to see a giant unit, whose making takes longer than its saving.
const sampleEvery = 2 * time.Millisecond

func startMeter() *meter {
	m := &meter{resident: procmem.StartSampler(sampleEvery), end: make(chan struct{}), goPeak: make(chan int64, 1)}
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
	return peaks{m.resident.Peak(), <-m.goPeak}
}
