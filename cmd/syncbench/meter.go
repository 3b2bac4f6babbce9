package main

import (
	"time"

	"github.com/syncmem/syncmem/internal/procmem"
)

// meter watches this process's memory while the work runs.
type meter struct {
	group    *procmem.Cgroup   // nil where there is none
	before   *procmem.Pressure // of it; nil where that is not told
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
	waited  *procmem.Pressure
	Go      int64 // of what GOMEMLIMIT bounds, a sample every few milliseconds
}

// sampleEvery is short enough to see a giant unit, whose making takes longer than its saving.
const sampleEvery = 2 * time.Millisecond

func startMeter(o *options) *meter {
	m := &meter{end: make(chan struct{}), goPeak: make(chan int64, 1)}
	if group, err := procmem.OwnCgroup(); err == nil { // else no limit, or none that can be seen: memacct warns of the latter
		m.group = group
	}
	m.before = m.pressure()
	m.force = newForce(o.limitN, o.limitFrom, time.Now(), m.leastBound)
	m.force.then = o.then
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
	p := peaks{Peak: m.resident.Peak(), closest: m.force.closest, limits: m.force.changes, Go: <-m.goPeak}
	if after := m.pressure(); m.before != nil && after != nil {
		p.waited = &procmem.Pressure{Some: after.Some - m.before.Some, Full: after.Full - m.before.Full}
	}
	return p
}

// pressure is how long the cgroup has waited for memory; nil where nobody tells.
func (m *meter) pressure() *procmem.Pressure {
	if m.group == nil {
		return nil
	}
	p, err := m.group.Pressure()
	if err != nil {
		return nil
	}
	return &p
}

// leastBound is the least limit of the cgroups around this process, one of no limit where there is none.
func (m *meter) leastBound() procmem.Bound {
	least := procmem.Bound{Bytes: procmem.NoLimit}
	if m.group != nil {
		bounds, _ := m.group.Bounds() // what can't be read bounds nothing
		for _, b := range bounds {
			if b.Bytes < least.Bytes {
				least = b
			}
		}
	}
	return least
}
