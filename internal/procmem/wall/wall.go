// Package wall runs a command inside a memory cgroup with a hard limit and the
// kernel's OOM killer on: the strongest proof there is that a program keeps
// within its memory, and the only one that a program cannot talk its way out
// of.
//
// The wall stands as far up the hierarchy as this process may build one, so
// that a limit of some cgroup around this process is not mistaken for the
// wall's. It needs Linux and the right to make a cgroup: root, or a delegated
// subtree. [ErrNoCgroup] says why not.
package wall

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrNoCgroup is wrapped by errors that say no wall could be built; nothing
// was run then. Fall back to a weaker one, and say so in the result.
var ErrNoCgroup = errors.New("no memory cgroup could be made")

// Environ is the environment of this process without what bounds the memory of a Go program, or has it collect more or
// less: what runs behind a wall is to know of the wall alone.
func Environ() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GOMEMLIMIT=") || strings.HasPrefix(v, "GOGC=") || strings.HasPrefix(v, "MEMACCT_")
	})
}

// Change is a limit, in bytes, that comes into force that long after the command began. Several are given in the order of
// their times.
type Change struct {
	After time.Duration
	Limit int64
}

// Result is what the kernel has to say once the command, and all it started,
// has ended.
type Result struct {
	// PeakBytes is the most that was charged at once, page cache and the
	// kernel's own memory for these processes included, or -1 where the
	// kernel does not tell (v2 before Linux 5.19).
	PeakBytes int64
	OOMKills  int64 // processes the kernel killed because of the limit
	Failcnt   int64 // how often the limit was met, and something reclaimed or killed

	ExitCode int            // of the command; -1 when a signal ended it
	Signal   syscall.Signal // that signal, or 0; an OOM kill is SIGKILL
	Version  int            // of the cgroup, 1 or 2
}
