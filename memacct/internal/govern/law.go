// Package govern decides, from readings: how many bytes of a process limit content may have (law.go, first.go), what the
// Go runtime's limit is to be (golimit.go), when the gates are shut for a moment (alarms.go), and what is worth telling
// (thrash.go, calibrate.go, trend.go, with all thresholds in thresholds.go). It is plain data and arithmetic: no clock,
// no lock, nothing read. Package memacct reads, and does what it says.
package govern

import (
	"math"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Law says what a process limit leaves for content. It is plain data, fed with readings after each garbage collection,
// and asked what follows from them:
//
//	heap    = limit - outside Go - Go but not heap - fragmentation - the unit that is built next
//	content = min(heap / growth - beside, heap - what is allocated while the collector marks - beside)
//
// where beside is what lives and is not content. The unit built next has passed no gate yet; it is taken to be as
// large as the largest of late. Down the budget goes at once, up slowly: one too small for a while costs some speed,
// one too large gets the process killed.
//
// Where a Go limit binds, the collector works harder the less room there is, and growth is what keeps its work
// tolerable. Of a heap that is full of what is not content, content gets half of the rest all the same: the first term
// would leave it nothing while half of the limit is free. Where none binds nothing but GOGC has a collection come, and
// growth is what the heap will do, or a third of the rest is content's: what grows
// between two collections is the business of who reads.
type Law struct {
	Process int64       // what the process may use, in bytes
	SetGo   bool        // the Go runtime's limit is the budget's to set
	Binds   bool        // there is one low enough for the collector to keep the process below its limit
	goLimit int64       // which is to be that, in bytes, at most; 0 before it is known
	Last    host.Sample // that was observed
	Content int64       // bytes of content that may be there; the budget is less while the gate is shut
	Others  []int64     // bytes of content in other budgets that steer by a process limit
	Share   int         // how many those are, with this one

	// What the process does, by its last readings, in bytes.
	surge   recent // allocated during one mark phase
	Beside  recent // alive, and no content
	outside recent // resident, and Go does not know of it
	built   recent // the largest unit of each cycle in which one was put
	Past    int64  // how far the runtime went past its own limit, at most, forgotten slowly

	Alarms alarms
	GC     gcShare
	Sizes  calibration
	Trend  Trend
	bound  condition // that what units leave behind will exceed the limit
}

// The constants of the control law.
const (
	down = 1.0  // part of a needed cut that is made at once
	up   = 0.15 // part of a possible raise that is made a cycle
	// fragmentation is the part of the limit left for span tails and the like: 8.5 % of the live heap was
	// measured, and content is seldom more than half of the limit.
	fragmentation = 0.05
	// surgeMargin multiplies the bytes allocated during marking: its length varies.
	surgeMargin = 1.5
	// besideCode is what files need beside code that is locked in memory, in bytes, for the program to get on at all.
	besideCode = 4 << 20
	// limitedGrowth is heap per live byte where a memory limit makes the collector work as hard as it must: less
	// would have it work more per unit than GOGC=100 does on an unlimited heap.
	limitedGrowth = 1.75
	// pastMemory is how many collections it takes, about, to forget how far the runtime went past its limit: at
	// a hundred a second they are seconds.
	pastMemory = 256
	// Looseness is the part of the process limit by which a Go limit may exceed what is left of it and bind all the
	// same: the governor leaves as much free.
	Looseness = 16
)

// Inherit takes over what the law of another limit has learned of the process. The budget is no more than it says then, if
// it steers by it.
func (g *Law) Inherit(old *Law, steers bool) {
	g.surge, g.Beside, g.outside, g.built = old.surge, old.Beside, old.outside, old.built
	g.Past, g.Alarms, g.GC, g.Sizes, g.Trend = max(g.Past, min(old.Past, g.Process/8)), old.Alarms, old.GC, old.Sizes, old.Trend
	if steers {
		g.Content = max(0, min(g.Content, g.Target(g.Last, host.Reading{Room: math.MaxInt64})))
	}
}

// Binding reports whether a Go limit binds in a process that may use so much.
func (g *Law) Binding(limit, process int64) bool { return limit <= process+g.Process/Looseness }

// Observe takes the readings of one cycle; used is what is accounted, built the largest unit put in it.
func (g *Law) Observe(now host.Sample, used, built int64) {
	cycles := max(1, now.Cycles-g.Last.Cycles)
	if seconds := now.At.Sub(g.Last.At).Seconds(); seconds > 0 {
		rate := float64(now.Allocs-g.Last.Allocs) / seconds
		// Marking runs on a quarter of the processors, so its length follows from the time it used.
		mark := (now.MarkCPU - g.Last.MarkCPU) / (0.25 * float64(max(1, now.Procs)) * float64(cycles))
		g.surge.add(int64(rate * min(mark, seconds))) // readings may lie closer together than the marking took
	}
	g.Beside.add(now.Live - used)
	if now.RSS > 0 {
		g.outside.add(g.outsideGo(now))
	}
	past := now.Mapped - now.Limit
	if now.Limit < goFloor(now) {
		past = 0 // what lives drove it there: a lower limit would make that worse
	}
	g.Past = max(g.Past-g.Past/pastMemory, past)
	g.GC.add(now)
	g.Sizes.add(now.Live, used)
	if built > 0 { // a cycle without a unit says nothing of the next one
		g.built.add(built)
	}
	g.Last = now
}

// Next is the content budget from now on. At 0 the gate is shut; a unit that fits all the same is let in by
// reconsider.
func (g *Law) Next(now host.Sample, kernel host.Reading, content int64) int64 {
	target := g.Target(now, kernel)
	step := up
	if target < content {
		step = down
	}
	return max(0, content+int64(step*float64(target-content)))
}

// Target is what the law above gives. It may be less than nothing. The first budget has a rule of its own, for by this
// one a program with much beside the content needs up to twice the limit that holds: see FirstContent.
func (g *Law) Target(now host.Sample, kernel host.Reading) int64 {
	room := min(g.Process, kernel.Room) - g.outside.most()
	g.Binds = g.Binding(now.Limit, room)
	limited := min(room, now.Limit)
	if !g.SetGo {
		room = limited // else the limit has left out already what is allocated while the collector marks
	}
	rest := now.NonHeap + g.built.most() + int64(fragmentation*float64(g.Process))
	beside := max(g.Beside.Median(), g.Beside.lately())
	var content int64
	if g.Binds {
		content = max(int64(float64(limited-rest)/limitedGrowth)-beside, (limited-rest-beside)/2)
	} else {
		// The goal counts stacks as it counts what lives. Above a third the GC trigger has collections come.
		stacks := int64(float64(now.Stacks) * now.GOGC / 100)
		content = max(int64(float64(limited-rest-stacks)/(1+now.GOGC/100))-beside, (limited-rest-beside)/3)
	}
	content = min(content, room-rest-int64(surgeMargin*float64(g.surge.most()))-beside)
	return Divide(content, g.Others, g.Share)
}

// Need is what the process needs, in bytes, to hold what lives now, and not one unit more: with room for what
// is allocated while the collector marks, up to a sixteenth of the limit, since a sync that only crawls
// beats none.
func (g *Law) Need(now host.Sample, live int64) int64 {
	return live + now.NonHeap + g.Beyond(now) + int64(fragmentation*float64(g.Process)) + min(g.surge.most(), g.Process/16)
}

// NeedsCode reports whether a process that needs so much needs the room, too, in which its code is locked in memory: the
// kernel would end it then, where it could drop code otherwise.
func (g *Law) NeedsCode(kernel host.Reading, need int64) bool {
	return kernel.Locked > 0 && need > kernel.Most-besideCode
}

// Beyond is how many bytes are resident that Go does not know of, now or of late.
func (g *Law) Beyond(now host.Sample) int64 { return max(g.outside.most(), g.outsideGo(now)) }

// outsideGo is how many resident bytes Go does not know of, without those that it gave back and has again.
func (g *Law) outsideGo(now host.Sample) int64 {
	return max(0, now.RSS-now.Mapped-now.Refilled)
}

// Divide is a budget's part of what there is for content, among share budgets of which the others hold so much: all
// that they do not, where what one holds beyond an equal part does not count. So each may have that, and more as long
// as nobody else wants it.
func Divide(content int64, others []int64, share int) int64 {
	if len(others) == 0 {
		return content
	}
	part := max(0, content) / int64(share)
	for _, used := range others {
		content -= min(used, part)
	}
	return content
}

// Sum adds amounts up.
func Sum(all []int64) (n int64) {
	for _, v := range all {
		n += v
	}
	return n
}
