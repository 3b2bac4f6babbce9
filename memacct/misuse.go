package memacct

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/syncmem/syncmem/internal/bytesize"
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

// place prints a call site.
func place(pc uintptr) string {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	if f.File == "" {
		return "the end of its loop body"
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// reportMisuse logs the second end of a lease, with both places.
func (b *Budget) reportMisuse(how, queue string, second, first uintptr) {
	b.misuse.doubleEnds.Add(1)
	b.log.Error("memacct: "+how+" of a lease that had ended", "queue", queue, "at", place(second), "ended at", place(first))
}

// reportLost logs a detached lease that was collected before it ended.
func (b *Budget) reportLost(queue string, bytes int64, where uintptr) {
	b.misuse.lost.Add(1)
	b.log.Error("memacct: a detached lease was lost; its unit is released", "queue", queue,
		"bytes", bytesize.Format(bytes), "detached at", place(where))
}
