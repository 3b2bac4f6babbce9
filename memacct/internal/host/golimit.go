package host

import (
	"math"
	"runtime/debug"
	"sync"
)

// goLimit is what is known of the Go runtime's memory limit, which budgets set where they were asked to. There is
// one for the process, as there is one runtime: it is the least of what open budgets want and of what the
// application set itself. What the last of them wanted stays when it is closed, unless it restores the application's:
// the process is behind the same wall for as long as it lives. Amounts are bytes.
var goLimit = struct {
	mu       sync.Mutex // the innermost lock
	requests map[*GoLimitRequest]int64
	set      int64 // what it was once a budget had set it last
	own      int64 // and what the application had set
}{requests: map[*GoLimitRequest]int64{}}

// GoLimitRequest is what one budget wants the runtime's limit to be. It stands in the map above for the budget, which
// must be collectable though nobody closes it.
type GoLimitRequest struct {
	Yields   bool // it is for the case that the application has set none
	Restores bool // the application's own limit is back after it
	over     bool // the budget is closed, or gone
}

// ApplicationLimit is GOMEMLIMIT, or what debug.SetMemoryLimit set, unless a budget did: then it is what
// stood there before.
func ApplicationLimit() int64 {
	goLimit.mu.Lock()
	defer goLimit.mu.Unlock()
	return ownLimitLocked()
}

// ownLimitLocked is ApplicationLimit. What no budget set is the application's.
func ownLimitLocked() int64 {
	if now := debug.SetMemoryLimit(-1); now != goLimit.set {
		return now
	}
	return goLimit.own
}

// Set has the runtime's memory limit be n bytes at most until the request is over; math.MaxInt64 wants nothing. It
// is to be called now and then though n is the same, for the application may have changed its own. The budget's
// lock may be held: a set takes about as long as a few free locks (0.2 us, and 2 us at the 99.9th percentile
// while others allocate) and stops nobody, see BenchmarkSetGoLimit.
func (r *GoLimitRequest) Set(n int64) {
	goLimit.mu.Lock()
	defer goLimit.mu.Unlock()
	if !r.over {
		goLimit.requests[r] = max(n, 1)
		setLeastLocked()
	}
}

// Counts reports whether the request, if it is made, is to be fulfilled.
func (r *GoLimitRequest) Counts() bool {
	if r == nil {
		return false
	}
	goLimit.mu.Lock()
	defer goLimit.mu.Unlock()
	return !r.over && (!r.Yields || ownLimitLocked() == math.MaxInt64)
}

// Drop ends the request, once. After the last one the limit stays, or is the application's own again.
func (r *GoLimitRequest) Drop() {
	goLimit.mu.Lock()
	defer goLimit.mu.Unlock()
	if r.over {
		return // a budget that was closed is collected later on, and others have left their limit since
	}
	r.over = true
	delete(goLimit.requests, r)
	if len(goLimit.requests) > 0 || r.Restores {
		setLeastLocked()
	}
}

// setLeastLocked sets the least of all.
func setLeastLocked() {
	own := ownLimitLocked()
	least := own
	for r, n := range goLimit.requests {
		if !r.Yields || own == math.MaxInt64 {
			least = min(least, n)
		}
	}
	debug.SetMemoryLimit(least)
	goLimit.set, goLimit.own = least, own
}
