// Package host is all that package memacct asks of the machine around it: which limits there are (walls.go, limit.go),
// what the kernel says of the cgroups (kernel.go), what of the heap is resident once more (refill.go), what the Go
// runtime says (metrics.go), what lives (heap.go), and the things it sets: the runtime's memory limit (golimit.go),
// small pages, and that the program's code stays in memory (host.go). But for how much code that may be it decides nothing:
// package govern does, from readings.
package host

import (
	"math"
	"sync"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/syncmem/syncmem/internal/procmem"
)

// Host is where limits are found. Tests have others. An amount of math.MaxInt64 is none.
type Host struct {
	GoLimit func() int64 // GOMEMLIMIT as the application set it
	Walls   func() Walls
	Machine func() int64 // memory of the machine, in bytes
	RSS     func() int64 // anonymous resident memory of the process, in bytes; 0 where that can't be told
	Heap    func() int64 // that of its Go heap; nil, or 0, where that can't be told
	// SmallPages has the kernel make no more huge pages for this process, and reports whether it made any unasked.
	SmallPages func() bool
	// KeepCode has the kernel keep the program's code in memory, behind a limit of so many bytes, or else read a page of it
	// alone where it was dropped and is needed again.
	KeepCode func(limit int64)
}

// This is the machine we are on. It sets nothing by itself: memlimit.Set, which most programs call for this, overwrites a limit that the
// application has set.
var This = &Host{GoLimit: ApplicationLimit, Walls: readWalls, Machine: sync.OnceValue(readMachine), RSS: readRSS, Heap: readHeap, SmallPages: useSmallPages, KeepCode: keepCode}

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

func useSmallPages() bool {
	return procmem.HugePagesAlways() && procmem.SetHugePages(false) == nil
}

// codeToKeep is the part of a limit that the program's code and constants may be in memory for good: the rest is the
// heap's and other files'. Behind 64 MiB syncbench, which has 26 MiB of them, was 1.5 times as fast so while it wrote to
// SQLite, and behind 56 MiB no slower; of 40 MiB too little was left, and it was refused where it had crawled.
const codeToKeep = 0.5

// codeLock says whether the code is locked in memory by us. What the program has locked itself is left alone.
var codeLock struct {
	sync.Mutex
	ours bool
}

// keepCode is a help where it works, and nobody needs to know where it does not. Where the process has the other part of the
// limit already, as after a limit fell, there is hardly room to lock code in.
func keepCode(limit int64) {
	codeLock.Lock()
	defer codeLock.Unlock()
	_ = procmem.SetReadAround(false)
	s, err := procmem.Read()
	if err != nil || s.Locked > 0 && !codeLock.ours {
		return
	}
	most := int64(codeToKeep * float64(limit))
	if s.RSSAnon > limit-most {
		most = 0
	}
	if locked, _ := procmem.LockCode(most); locked != codeLock.ours {
		if !locked {
			_ = procmem.UnlockCode()
		}
		codeLock.ours = locked
	}
}

func readHeap() int64 {
	n, err := procmem.HeapResident()
	if err != nil {
		return 0
	}
	return n
}

// Since is how long ago that was. A clock that was set back counts as long ago.
func Since(at time.Time) time.Duration {
	if d := time.Since(at); d >= 0 {
		return d
	}
	return math.MaxInt64
}
