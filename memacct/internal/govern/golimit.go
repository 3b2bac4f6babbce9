package govern

import "github.com/syncmem/syncmem/memacct/internal/host"

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

// LimitGo is what the Go runtime's limit is to be, for it to stay below the process limit. Small changes are left, so
// that the collector keeps its pace.
func (g *Law) LimitGo(now host.Sample, kernel host.Reading) int64 {
	want := g.goLimitFor(now, kernel)
	if d := want - g.goLimit; d < -g.Process/100 || d > g.Process/50 {
		g.goLimit = want
	}
	return g.goLimit
}

// goLimitFor is the limit that the Go runtime is to have. It goes past its limit by what is allocated while it marks:
// by a fifth was measured at a gigabyte a second, and so much is left below the ceiling, and what files need. But it is
// not below what lives, and what one collection takes: a limit that is too low is as deadly as none, for at half of the
// processors' time the collector gives it up, and the heap grows past everything. Files can be read again. Where what
// lives can't be held at all, a limit below it would only have the collector start anew with every allocation, 4,000
// times where 50 do, until the sync fails all the same; alarms say what is the matter.
func (g *Law) goLimitFor(now host.Sample, kernel host.Reading) int64 {
	want := g.goCeiling(now, kernel.Room)
	want -= min(max(g.surge.Median(), g.Past), min(g.Process, kernel.Room)/4)
	floor := goFloor(now)
	if now.Live+now.NonHeap+g.Beyond(now) <= min(g.Process, kernel.Most) {
		floor = min(floor, g.commonGo())
	}
	return max(want, floor)
}

// commonGo is the part of the process limit that a Go limit may have though what is allocated while the collector marks
// comes on top of it.
func (g *Law) commonGo() int64 { return int64(commonGoLimit * float64(g.Process)) }

// goCeiling is the highest Go limit at which the process still keeps to its own, and to what the kernel leaves it: more
// has no room for what is outside Go.
func (g *Law) goCeiling(now host.Sample, leaves int64) int64 {
	process := min(g.Process, leaves)
	return process - g.Beyond(now) - int64(unseenByGo*float64(process))
}

// goFloor is the lowest Go limit at which what lives can be held without collecting all the time.
func goFloor(now host.Sample) int64 {
	return now.Live + max(now.Live/goRunway, leastRunway) + now.NonHeap
}

// GoLimitAtEnd is the one that stays when the budget is closed: nobody will adapt it any more, and nothing is content.
// Of the process limit it is the part that is commonly recommended where nothing adapts it.
func (g *Law) GoLimitAtEnd(now host.Sample, kernel host.Reading) int64 {
	return max(min(g.commonGo(), g.goCeiling(now, kernel.Room)), min(g.commonGo(), goFloor(now)))
}
