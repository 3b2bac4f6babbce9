package memacct

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
	mu     sync.Mutex // the innermost lock
	wishes map[*goWish]int64
	set    int64 // what it was once a budget had set it last
	own    int64 // and what the application had set
}{wishes: map[*goWish]int64{}}

// goWish is what one budget wants the runtime's limit to be. It stands in the map above for the budget, which
// must be collectable though nobody closes it.
type goWish struct {
	yields   bool // it is for the case that the application has set none
	restores bool // the application's own limit is back after it
	over     bool // the budget is closed, or gone
}

// applicationLimit is GOMEMLIMIT, or what debug.SetMemoryLimit set, unless a budget did: then it is what
// stood there before.
func applicationLimit() int64 {
	goLimit.mu.Lock()
	defer goLimit.mu.Unlock()
	return ownLimit()
}

// ownLimit is applicationLimit where the lock is held. What no budget set is the application's.
func ownLimit() int64 {
	if now := debug.SetMemoryLimit(-1); now != goLimit.set {
		return now
	}
	return goLimit.own
}

// make has the runtime's memory limit be n bytes at most until the wish is over; math.MaxInt64 wants nothing. It
// is to be called now and then though n is the same, for the application may have changed its own. The budget's
// lock may be held: a set takes about as long as a few free locks (0.2 us, and 2 us at the 99.9th percentile
// while others allocate) and stops nobody, see BenchmarkSetGoLimit.
func (w *goWish) make(n int64) {
	goLimit.mu.Lock()
	defer goLimit.mu.Unlock()
	if !w.over {
		goLimit.wishes[w] = max(n, 1)
		settleGoLimit()
	}
}

// counts tells whether the wish, if it is made, is to be fulfilled.
func (w *goWish) counts() bool {
	if w == nil {
		return false
	}
	goLimit.mu.Lock()
	defer goLimit.mu.Unlock()
	return !w.over && (!w.yields || ownLimit() == math.MaxInt64)
}

// drop ends the wish. After the last one the limit stays, or is the application's own again.
func (w *goWish) drop() {
	goLimit.mu.Lock()
	defer goLimit.mu.Unlock()
	w.over = true
	delete(goLimit.wishes, w)
	if len(goLimit.wishes) > 0 || w.restores {
		settleGoLimit()
	}
}

// settleGoLimit sets the least of all. The lock is held.
func settleGoLimit() {
	own := ownLimit()
	least := own
	for w, n := range goLimit.wishes {
		if !w.yields || own == math.MaxInt64 {
			least = min(least, n)
		}
	}
	debug.SetMemoryLimit(least)
	goLimit.set, goLimit.own = least, own
}
