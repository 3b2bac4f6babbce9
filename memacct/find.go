package memacct

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
)

// machinePart is the part of a machine's memory that Auto takes where nobody set a limit: other processes
// live there too.
const machinePart = 0.5

// goLimitName is what the Go runtime's limit is called: the variable that sets it, usually.
const goLimitName = "GOMEMLIMIT"

// guess is the limit, in bytes, where nothing at all can be found out.
const guess = 1 << 30

// host is where limits are found. Tests have others. An amount of math.MaxInt64 is none.
type host struct {
	goLimit func() int64 // GOMEMLIMIT as the application set it
	walls   func() walls
	machine func() int64 // memory of the machine, in bytes
	rss     func() int64 // anonymous resident memory of the process, in bytes; 0 where that can't be told
	heap    func() int64 // that of its Go heap; nil, or 0, where that can't be told
}

// thisHost only reads: memlimit.Set, which most programs call for this, overwrites a limit that the
// application has set.
var thisHost = &host{goLimit: applicationLimit, walls: readWalls, machine: sync.OnceValue(readMachine), rss: readRSS, heap: readHeap}

// walls are the limits that the kernel enforces on this process.
type walls struct {
	group  *procmem.Cgroup // nil where there is none
	bounds []procmem.Bound // of it and of those above it
	unseen int64           // the limit of a group that this process can't see, in bytes; 0 for none
	hidden error           // why this process can't see what limits its group; nil where it can, or there is none
	least  int64           // bytes
	name   string          // of the least, or why there is none
}

// readWalls asks automemlimit for the hard limit, which knows the v1 groups above a container too, and
// procmem for what it does not tell: memory.high, and whose limit it is.
func readWalls() walls {
	w := walls{name: noWall}
	hard, err := memlimit.FromCgroup()
	if err != nil && !errors.Is(err, memlimit.ErrNoLimit) {
		w.name += ": " + err.Error()
	}
	group, hidden := procmem.OwnCgroup()
	if errors.Is(hidden, procmem.ErrHidden) {
		w.hidden = hidden
	} else if hidden == nil {
		if bounds, err := group.Bounds(); err == nil {
			w.group, w.bounds = group, bounds
		}
	}
	if err == nil && hard < uint64(leastOf(w.bounds).Bytes) {
		w.unseen = int64(hard)
	}
	return w.named()
}

// noWall is the name of the least wall where there is none.
const noWall = "no cgroup limit"

// again reads the limits of the same groups once more, some microseconds a group. Where they can't be
// read any more they stay as they were.
func (w walls) again() walls {
	if w.group == nil {
		return w
	}
	bounds, err := w.group.Bounds()
	if err != nil {
		return w
	}
	w.bounds = bounds
	return w.named()
}

// named is w with the least wall found.
func (w walls) named() walls {
	b := leastOf(w.bounds)
	switch w.least = b.Bytes; {
	case w.unseen > 0 && w.unseen < b.Bytes:
		w.least, w.name = w.unseen, "cgroup limit of a group that this process can't see"
	case b.Bytes < procmem.NoLimit:
		w.name = "cgroup " + b.String()
	case !strings.HasPrefix(w.name, noWall):
		w.name = noWall
	}
	return w
}

// leastOf is the least of these bounds, or one of no limit.
func leastOf(bounds []procmem.Bound) procmem.Bound {
	least := procmem.Bound{Bytes: procmem.NoLimit}
	for _, b := range bounds {
		if b.Bytes < least.Bytes {
			least = b
		}
	}
	return least
}

// readMachine is all of the memory, not what is free of it at the moment.
func readMachine() int64 {
	n, err := memlimit.FromSystem()
	if err != nil || n == 0 || n > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n)
}

func readRSS() int64 {
	n, err := procmem.RSSAnon()
	if err != nil {
		return 0
	}
	return n
}

func readHeap() int64 {
	n, err := procmem.HeapResident()
	if err != nil {
		return 0
	}
	return n
}

// processLimit finds the process limit, where from, and what it was compared with.
func (h *host) processLimit(w walls) limitSource {
	set, machine := h.goLimit(), h.machine()
	s := limitSource{process: set, from: goLimitName, looked: w.String()}
	if w.least < set { // GOMEMLIMIT may be meant for another machine: the kernel kills at the wall all the same
		s = limitSource{process: w.least, from: w.name, looked: describe(goLimitName, set)}
	}
	switch {
	case s.process <= machine && s.process != math.MaxInt64:
	case machine == math.MaxInt64:
		s = limitSource{process: guess, from: "a guess: neither GOMEMLIMIT nor a cgroup limit nor the machine's memory can be read"}
	default:
		s = limitSource{process: int64(float64(machine) * machinePart), from: "half of the machine's memory", looked: describe(goLimitName, set) + ", " + w.String()}
	}
	if s.from != goLimitName { // what somebody set for this process is taken to be right
		s.unsure = w.hidden
	}
	return s
}

// ceiling is the most that a process can use here, whatever it is told.
func (h *host) ceiling(w walls) (bytes int64, name string) {
	if machine := h.machine(); machine < w.least {
		return machine, "the machine's memory"
	}
	return w.least, w.name
}

// beyond tells in words that the Go memory limit is above what the kernel enforces, "" where it is not; sets says that
// the budget sets a lower one.
func (h *host) beyond(w walls, sets bool) string {
	set := h.goLimit()
	most, name := h.ceiling(w)
	if set == math.MaxInt64 || set <= most {
		return ""
	}
	s := fmt.Sprintf("%s, above %s: the kernel ends the process there before the collector sees a need to hurry; ", describe(goLimitName, set), describe(name, most))
	if sets {
		return s + "the budget sets a lower one"
	}
	return s + fmt.Sprintf("set %s=%dMiB or less, or leave it out and a budget sets it", goLimitName, most*9/10/bytesize.MiB)
}

// String is the least wall in words.
func (w walls) String() string {
	if w.least == math.MaxInt64 {
		return w.name
	}
	return describe(w.name, w.least)
}

// describe is a setting in words, set or not.
func describe(name string, bytes int64) string {
	if bytes == math.MaxInt64 {
		return name + " unset"
	}
	return fmt.Sprintf("%s %s", name, bytesize.Format(bytes))
}
