package host

import (
	"errors"
	"math"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/syncmem/syncmem/internal/procmem"
)

// Walls are the limits that the kernel enforces on this process.
type Walls struct {
	group  *procmem.Cgroup // nil where there is none
	bounds []procmem.Bound // of it and of those above it
	unseen int64           // the limit of a group that this process can't see, in bytes; 0 for none
	Hidden error           // why this process can't see what limits its group; nil where it can, or there is none
	Least  int64           // bytes
	Name   string          // of the least, or why there is none
}

// readWalls asks automemlimit for the hard limit, which knows the v1 groups above a container too, and
// procmem for what it does not tell: memory.high, and whose limit it is.
func readWalls() Walls {
	w := Walls{Name: noWall}
	hard, err := memlimit.FromCgroup()
	if err != nil && !errors.Is(err, memlimit.ErrNoLimit) {
		w.Name += ": " + err.Error()
	}
	group, hidden := procmem.OwnCgroup()
	if errors.Is(hidden, procmem.ErrHidden) {
		w.Hidden = hidden
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
func (w Walls) again() Walls {
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
func (w Walls) named() Walls {
	b := leastOf(w.bounds)
	switch w.Least = b.Bytes; {
	case w.unseen > 0 && w.unseen < b.Bytes:
		w.Least, w.Name = w.unseen, "cgroup limit of a group that this process can't see"
	case b.Bytes < procmem.NoLimit:
		w.Name = "cgroup " + b.String()
	case !strings.HasPrefix(w.Name, noWall):
		w.Name = noWall
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

// String is the least wall in words.
func (w Walls) String() string {
	if w.Least == math.MaxInt64 {
		return w.Name
	}
	return Describe(w.Name, w.Least)
}
