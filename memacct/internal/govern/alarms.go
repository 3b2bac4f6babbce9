package govern

import (
	"fmt"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// alarms of the process running out of memory now. The budget does not wait for the law to see them: the gate
// is shut until the next check.
type alarms struct {
	list    [6]condition
	events  procmem.Events // at the last check
	limiter int64          // collection of the last check in which the runtime gave the limit up
	began   bool           // the two above are set
	tight   int            // collections in a row after which nearly all of the goal was live
}

// condition is what raises one of them, over time.
type condition struct {
	row  int       // checks in a row with it
	calm int       // and without
	told time.Time // when it was told last
}

// Check reports whether the gate must be shut, and what there is to say about it.
func (s *alarms) Check(process int64, now host.Sample, kernel host.Reading, collected bool) (shut bool, notices []Notice) {
	if collected {
		s.tight++
		if float64(now.Live) <= liveAlarm*float64(now.Goal) || now.Limit > process {
			s.tight = 0
		}
	}
	old, e := s.events, kernel.Events
	size := bytesize.Format
	for i, c := range [...]struct {
		on    bool
		after int           // checks in a row
		text  func() string // for the few checks that tell it
	}{
		{s.began && now.Limiter > s.limiter, 1, func() string {
			return "the garbage collector took half of the processor and gave the Go memory limit up"
		}},
		{s.began && (e.OOM > old.OOM || e.OOMKills > old.OOMKills) || e.UnderOOM, 1, func() string {
			return "the cgroup ran out of memory: " + kernel.Full
		}},
		{kernel.Fill > heldAlarm || s.began && e.High > old.High && kernel.Fill > slowedAlarm, briefly, func() string {
			return fmt.Sprintf("%.0f%% of the cgroup's limit are held, page cache left out: %s", 100*kernel.Fill, kernel.Full)
		}},
		{kernel.Still > stillAlarm && kernel.Fill > slowedAlarm, 1, func() string {
			return fmt.Sprintf("for %.0f%% of the time nothing in the cgroup goes on for want of memory, and %.0f%% of its limit are held, page cache left out: %s", 100*kernel.Still, 100*kernel.Fill, kernel.Full)
		}},
		{s.tight >= 2, 1, func() string {
			return fmt.Sprintf("%s of the heap's goal of %s are live after a collection", size(now.Live), size(now.Goal))
		}},
		{now.RSS > int64(residentAlarm*float64(process)), briefly, func() string {
			return fmt.Sprintf("%s are resident, of a process limit of %s", size(now.RSS), size(process))
		}},
	} {
		if s.list[i].check(c.on, c.after, now.At) {
			notices = append(notices, Notice{Kind: alarm, Bytes: process, Text: "the gate is shut for a moment: " + c.text()})
		}
		shut = shut || c.on
	}
	s.events, s.limiter, s.began = e, now.Limiter, true
	return shut, notices
}

// check notes whether the condition holds, and reports whether that is worth saying: once it has held for so many
// checks in a row.
func (c *condition) check(on bool, after int, now time.Time) (tell bool) {
	if !on {
		c.row = 0
		c.calm++
		return false
	}
	if c.row++; c.row < after {
		return false
	}
	tell = c.told.IsZero() || c.calm >= calmChecks && now.Sub(c.told) >= tellEvery
	c.calm = 0
	if tell {
		c.told = now
	}
	return tell
}
