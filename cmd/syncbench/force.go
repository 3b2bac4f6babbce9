package main

import (
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
)

// force is the limit that is in force while the work runs: the one that was asked for, or that of a cgroup around this
// process where it is lower, which may change meanwhile. Each sample of the process's memory is judged by the limit of
// its own moment. One goroutine at a time may use it.
type force struct {
	asked int64
	then  resize
	read  func() procmem.Bound // the least of the cgroups, one of no limit where there is none
	began time.Time
	next  time.Time // when it is to be read again

	changes []limitChange // the first is what the work began with
	before  int64         // what counts yet after a fall, until the time below
	until   time.Time
	closest *moment
}

// limitChange is a limit that came into force.
type limitChange struct {
	Seconds float64 `json:"seconds"` // since the work began
	Bytes   int64   `json:"bytes"`
	From    string  `json:"from"`
}

// moment is what was used then, in bytes, and what the limit was.
type moment struct {
	Seconds float64 `json:"seconds"`
	Used    int64   `json:"used_bytes"`
	Limit   int64   `json:"limit_bytes"`
}

const (
	// limitEvery is how often the limits are read: some 30 microseconds each.
	limitEvery = 20 * time.Millisecond
	// fallGrace is how long the limit before a lower one counts yet: what was in use when it fell can't be gone at once.
	fallGrace = time.Second
	// mostChanges is how many are kept.
	mostChanges = 32
)

// newForce is of a run that began then.
func newForce(asked int64, from string, began time.Time, read func() procmem.Bound) *force {
	f := &force{asked: asked, read: read, began: began}
	f.changes = []limitChange{{0, asked, from}}
	return f
}

// judge takes so many bytes in use at that moment.
func (f *force) judge(now time.Time, used int64) {
	if !now.Before(f.next) {
		f.look(now)
		f.next = now.Add(limitEvery)
	}
	limit := f.changes[len(f.changes)-1].Bytes
	if now.Before(f.until) {
		limit = max(limit, f.before)
	}
	if f.closest == nil || used-limit > f.closest.Used-f.closest.Limit {
		f.closest = &moment{now.Sub(f.began).Seconds(), used, limit}
	}
}

// look reads the limit.
func (f *force) look(now time.Time) {
	last := f.changes[len(f.changes)-1]
	c := limitChange{now.Sub(f.began).Seconds(), f.asked, f.changes[0].From}
	if f.then.due(now.Sub(f.began)) {
		f.asked, c.Bytes, c.From = f.then.limit, f.then.limit, limitFromResize
	}
	if b := f.read(); f.asked-b.Bytes >= 64<<10 { // the kernel rounds down to a page, which is no change
		c.Bytes, c.From = b.Bytes, "cgroup "+b.String()
	}
	if c.Bytes == last.Bytes {
		return
	}
	if first := f.next.IsZero(); !first && c.Bytes < last.Bytes && !now.Before(f.until) {
		f.before, f.until = last.Bytes, now.Add(fallGrace)
	}
	if len(f.changes) == mostChanges { // the first says where it began, the last what is in force
		f.changes = append(f.changes[:1], f.changes[2:]...)
	}
	f.changes = append(f.changes, c)
}

// limitWords are all limits of the run, as a person reads them.
func limitWords(changes []limitChange) string {
	var s string
	for i, c := range changes {
		if i > 0 {
			s += ", then "
		}
		s += bytesize.Format(c.Bytes) + " (" + c.From
		if i > 0 {
			s += ", after " + time.Duration(c.Seconds*float64(time.Second)).Round(10*time.Millisecond).String()
		}
		s += ")"
	}
	return s
}
