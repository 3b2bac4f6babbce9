// Package stacks says where the goroutines of this process are: function, file and line, why each waits and
// for how long, its labels, and who started it.
//
// There are two sources. A traceback of everything has the most to tell, but stops the program for as long as
// it takes (5 µs a goroutine, measured) and is cut off where its buffer ends. A goroutine profile knows no
// reasons and no numbers, but runs beside the program and folds goroutines that stand at the same place into
// one: above [MostTraced] goroutines [Take] uses that.
//
// Where in the program something happened is told by [Where], of a stack, and by [CallName] and [FileLine], of a call
// site (place.go); what made the memory that lives, by [HeapPlaces] (heap.go); who is asking, by [GoroutineID].
package stacks

import (
	"fmt"
	"path"
	"runtime"
	"runtime/pprof"
	"time"
)

const (
	// MostTraced is how many goroutines a traceback is taken of: 20 ms of a stopped program.
	MostTraced = 4000
	// maxTrace is how many bytes of it are kept. What does not fit is counted as lost.
	maxTrace = 1 << 20
	// maxFolded is how many places are kept of a profile, those with labels first.
	maxFolded = 512
)

// Accountant is how the names of package memacct's functions begin.
const Accountant = "github.com/syncmem/syncmem/memacct."

// Goroutine is one goroutine, or several that stand at the same place.
type Goroutine struct {
	ID     uint64        // 0 where it is not told
	Count  int           // 1, or more from a profile
	State  string        // such as "chan receive" or "IO wait"; "" where it is not told
	Wait   time.Duration // in that state, in whole minutes, counted from a garbage collection on
	Labels map[string]string
	Parent uint64  // who started it; 0 where it is not told
	Stack  []Frame // innermost first; may be empty
}

// Frame is one call on a stack.
type Frame struct {
	Func, File string
	Line       int
}

// Dump is what was found.
type Dump struct {
	Goroutines []Goroutine
	Total      int    // goroutines in the process when it was taken
	Lost       int    // of those, the ones that are not in Goroutines
	Self       uint64 // who took it, 0 if that is not known
}

// Take looks where all goroutines are. Its memory is bounded by some MiB for a traceback, and by some 450 bytes
// a goroutine, a fifth of the least that a stack takes, for a profile.
func Take() Dump {
	n := runtime.NumGoroutine()
	if n > MostTraced {
		return fold(n)
	}
	buf := make([]byte, min(maxTrace, 64<<10+n<<10))
	all := Parse(buf[:runtime.Stack(buf, true)])
	d := Dump{Goroutines: all, Total: n}
	if len(all) > 0 {
		d.Self = all[0].ID // a traceback begins with who took it
	}
	d.Lost = max(0, n-len(all))
	return d
}

// fold takes a profile.
func fold(n int) Dump {
	var f folder
	if err := pprof.Lookup("goroutine").WriteTo(&f, 1); err != nil {
		return Dump{Total: n, Lost: n}
	}
	d := Dump{Goroutines: f.finish(), Total: max(n, f.seen)}
	d.Lost = d.Total
	for _, g := range d.Goroutines {
		d.Lost -= g.Count
	}
	return d
}

// String returns the function without the directories of its package, and the place: "store.(*DB).Save db.go:88".
func (f Frame) String() string {
	return fmt.Sprintf("%s %s:%d", path.Base(f.Func), path.Base(f.File), f.Line)
}
