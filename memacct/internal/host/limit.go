package host

import (
	"fmt"
	"math"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// machinePart is the part of a machine's memory that Auto takes where nobody set a limit: other processes
// live there too.
const machinePart = 0.5

// GoLimitName is what the Go runtime's limit is called: the variable that sets it, usually.
const GoLimitName = "GOMEMLIMIT"

// Guess is the limit, in bytes, where nothing at all can be found out.
const Guess = 1 << 30

// FoundLimit is a process limit that nobody named.
type FoundLimit struct {
	Bytes  int64
	From   string // where it is from
	Looked string // what else was looked at, and did not decide
	Unsure error  // why there may be a lower one; nil if there is not
}

// FindLimit finds the process limit, where from, and what it was compared with.
func (h *Host) FindLimit(w Walls) FoundLimit {
	set, machine := h.GoLimit(), h.Machine()
	s := FoundLimit{Bytes: set, From: GoLimitName, Looked: w.String()}
	if w.Least < set { // GOMEMLIMIT may be meant for another machine: the kernel kills at the wall all the same
		s = FoundLimit{Bytes: w.Least, From: w.Name, Looked: Describe(GoLimitName, set)}
	}
	switch {
	case s.Bytes <= machine && s.Bytes != math.MaxInt64:
	case machine == math.MaxInt64:
		s = FoundLimit{Bytes: Guess, From: "a guess: neither GOMEMLIMIT nor a cgroup limit nor the machine's memory can be read"}
	default:
		s = FoundLimit{Bytes: int64(float64(machine) * machinePart), From: "half of the machine's memory", Looked: Describe(GoLimitName, set) + ", " + w.String()}
	}
	if s.From != GoLimitName { // what somebody set for this process is taken to be right
		s.Unsure = w.Hidden
	}
	return s
}

// Ceiling is the most that a process can use here, whatever it is told.
func (h *Host) Ceiling(w Walls) (bytes int64, name string) {
	if machine := h.Machine(); machine < w.Least {
		return machine, "the machine's memory"
	}
	return w.Least, w.Name
}

// Beyond tells in words that the Go memory limit is above what the kernel enforces, "" where it is not; sets says that
// the budget sets a lower one.
func (h *Host) Beyond(w Walls, sets bool) string {
	set := h.GoLimit()
	most, name := h.Ceiling(w)
	if set == math.MaxInt64 || set <= most {
		return ""
	}
	s := fmt.Sprintf("%s, above %s: the kernel ends the process there before the collector sees a need to hurry; ", Describe(GoLimitName, set), Describe(name, most))
	if sets {
		return s + "the budget sets a lower one"
	}
	return s + fmt.Sprintf("set %s=%dMiB or less, or leave it out and a budget sets it", GoLimitName, most*9/10/bytesize.MiB)
}

// Describe is a setting in words, set or not.
func Describe(name string, bytes int64) string {
	if bytes == math.MaxInt64 {
		return name + " unset"
	}
	return fmt.Sprintf("%s %s", name, bytesize.Format(bytes))
}
