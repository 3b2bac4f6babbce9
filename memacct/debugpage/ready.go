package debugpage

import (
	"fmt"
	"net/http"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct"
)

// Ready returns the handler of a readiness probe: 200 while the limit of b is held as it should be, and 503, with the
// reason in a line, while nothing but collecting garbage holds it ([memacct.MemoryStats].Thrashing). Such a process gets on
// slowly and may be killed: no more work should be sent to it. It recovers by itself when the work ends, so this is no
// handler for a liveness probe. A gate that is closed is no reason: that is how a limit is held.
//
// It answers GET and HEAD only, costs one [memacct.Budget.Stats] and may be used from many goroutines. It panics if b is nil.
func Ready(b *memacct.Budget) http.Handler {
	if b == nil {
		panic("debugpage: Ready(nil): open the budget first, with memacct.New")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			notAllowed(w)
			return
		}
		code, text := readiness(b.Stats())
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(code)
		_, _ = fmt.Fprintln(w, text) // a client that is gone needs no answer
	})
}

// readiness is the answer for these figures.
func readiness(s memacct.Stats) (code int, text string) {
	if m := s.Memory; m.Thrashing {
		share := ""
		if m.GCCPU > 0 { // unknown at first
			share = fmt.Sprintf(", which takes %.0f%% of the processors", 100*m.GCCPU)
		}
		return http.StatusServiceUnavailable, fmt.Sprintf("not ready: the limit of %s is held only by collecting garbage%s: raise the limit, or send less work",
			bytesize.Format(s.Process), share)
	}
	return http.StatusOK, "ready"
}
