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

// The constants of the law for the Go limit.
const (
	// unseenByGo is the part of the process limit that a Go limit set by the budget leaves beside what is known
	// to lie outside Go: caches that fill yet, and whatever nobody foresees.
	unseenByGo = 0.05
	// commonGoLimit is the part of a cgroup's limit that GOMEMLIMIT is commonly set to: automemlimit's default.
	commonGoLimit = 0.9
	// goRunway is the part of what lives that the heap must be able to grow by until the next collection ends, and
	// leastRunway its least, in bytes, which is the runtime's own least heap. With a tenth a collector that marks for a
	// quarter of the processors is at work about half of the time.
	goRunway    = 8
	leastRunway = 4 << 20
)

// leaveGoLimit sets the Go runtime's limit for the time after the budget.
func (b *Budget) leaveGoLimit() {
	now := b.host.readMem()
	b.lock()
	if g := b.gov; g != nil && g.setGo {
		b.wish.make(g.goLimitAtEnd(now, g.kernel.last()))
	}
	b.unlockQuiet()
	b.wish.drop()
}

// setsGo tells whether the budget sets the Go runtime's limit, if its own is one of the process.
func (b *Budget) setsGo() bool { return b.wish.counts() && b.mode == Enforce }

// limitGo keeps the Go runtime's limit below the process limit. Small changes are left, so that the collector keeps
// its pace.
func (g *governor) limitGo(wish *goWish, now memSample, kernel reading) {
	want := g.goLimitFor(now, kernel)
	if d := want - g.goLimit; d < -g.process/100 || d > g.process/50 {
		g.goLimit = want
	}
	wish.make(g.goLimit)
}

// goLimitFor is the limit that the Go runtime is to have. It goes past its limit by what is allocated while it marks:
// by a fifth was measured at a gigabyte a second, and so much is left below the ceiling, and what files need. But it is
// not below what lives, and what one collection takes: a limit that is too low is as deadly as none, for at half of the
// processors' time the collector gives it up, and the heap grows past everything. Files can be read again. Where what
// lives can't be held at all, a limit below it would only have the collector start anew with every allocation, 4,000
// times where 50 do, until the sync fails all the same; signs say what is the matter.
func (g *governor) goLimitFor(now memSample, kernel reading) int64 {
	want := g.goCeiling(now, kernel.room)
	want -= min(max(g.surge.median(), g.past), min(g.process, kernel.room)/4)
	floor := goFloor(now)
	if now.live+now.nonHeap+g.beyond(now) <= min(g.process, kernel.most) {
		floor = min(floor, g.commonGo())
	}
	return max(want, floor)
}

// commonGo is the part of the process limit that a Go limit may have though what is allocated while the collector marks
// comes on top of it.
func (g *governor) commonGo() int64 { return int64(commonGoLimit * float64(g.process)) }

// goCeiling is the highest Go limit at which the process still keeps to its own, and to what the kernel leaves it: more
// has no room for what is outside Go.
func (g *governor) goCeiling(now memSample, leaves int64) int64 {
	process := min(g.process, leaves)
	return process - g.beyond(now) - int64(unseenByGo*float64(process))
}

// goFloor is the lowest Go limit at which what lives can be held without collecting all the time.
func goFloor(now memSample) int64 {
	return now.live + max(now.live/goRunway, leastRunway) + now.nonHeap
}

// goLimitAtEnd is the one that stays when the budget is closed: nobody will adapt it any more, and nothing is content.
// Of the process limit it is the part that is commonly recommended where nothing adapts it.
func (g *governor) goLimitAtEnd(now memSample, kernel reading) int64 {
	return max(min(g.commonGo(), g.goCeiling(now, kernel.room)), min(g.commonGo(), goFloor(now)))
}
