package memacct

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
)

// misuse counts mistakes of the program that cost nothing but a report.
type misuse struct {
	doubleEnds, lost atomic.Int64
}

// callSite returns where the function skip levels above its caller was called; 0 is the caller's own caller.
func callSite(skip int) uintptr {
	var pc [1]uintptr
	runtime.Callers(skip+2, pc[:])
	return pc[0]
}

// panicPlace is where the panic began that a deferred function recovers from: below the runtime's own frames.
func panicPlace() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for panics := false; ; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panics = true
		case panics && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf("%s %s:%d", path.Base(f.Function), path.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// place prints a call site.
func place(pc uintptr) string {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	if f.File == "" {
		return "the end of its loop body"
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// reportMisuse reports the second end of a lease, with both places.
func (b *Budget) reportMisuse(how string, q *core.Queue, second, first uintptr) {
	b.misuse.doubleEnds.Add(1)
	b.emitOnce(place(second), Event{
		Kind: EventMisuse, Account: q.Account.Name, Queue: q.Name,
		Text: how + " of a lease that had ended: at " + place(second) + ", ended before at " + place(first),
	})
}

// reportLost reports something charged, a lease or a reservation, that was collected before it ended; how says how
// it came to be where.
func (b *Budget) reportLost(q *core.Queue, what string, bytes int64, how string, where uintptr) {
	b.misuse.lost.Add(1)
	b.emitOnce(place(where), Event{
		Kind: EventLeak, Account: q.Account.Name, Queue: q.Name, Bytes: bytes,
		Text: what + " of " + bytesize.Format(bytes) + " was lost, " + how + " at " + place(where) + "; its charge is given back",
	})
}
