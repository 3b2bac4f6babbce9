package memacct

import (
	"runtime"
	"runtime/debug"
	"slices"
	"time"
	"weak"

	"github.com/syncmem/syncmem/internal/procmem"
)

// governor lets the content budget follow what the process really has free. It looks once after each garbage
// collection, since what lives is known only then, and computes
//
//	heap    = limit - outside Go - Go but not heap - fragmentation - the unit that is built next
//	content = min(heap / growth, heap - what is allocated while the collector marks) - alive but not content
//
// The unit built next has passed no gate yet; it is taken to be as large as the largest of late. Down the
// budget goes at once, up slowly: one too small for a while costs some speed, one too large gets the process
// killed.
type governor struct {
	budget  weak.Pointer[Budget] // a budget that nobody closed must still be collectable
	process int64                // what the process may use, in bytes
	last    memSample
	surge   recent // bytes allocated during one mark phase
	beside  recent // bytes alive that are not content
	outside recent // resident bytes that Go does not know of
	built   recent // the largest unit of each cycle in which one was put
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
	// limitedGrowth is heap per live byte where a memory limit makes the collector work as hard as it must: less
	// would have it work more per unit than GOGC=100 does on an unlimited heap.
	limitedGrowth = 1.75
	// alarm is the part of the limit at which the gate is shut until the next collection.
	alarm = 0.95
)

// recent holds the last few readings of something that fluctuates.
type recent struct {
	vals [8]int64
	n    int
}

func (r *recent) add(v int64) {
	r.vals[r.n%len(r.vals)] = max(0, v)
	r.n++
}

func (r *recent) seen() []int64 { return r.vals[:min(r.n, len(r.vals))] }

// most is the largest of them.
func (r *recent) most() int64 {
	if r.n == 0 {
		return 0
	}
	return slices.Max(r.seen())
}

// median is the middle one: single readings of what lives beside the content are off by whatever was
// admitted or released while the collector marked.
func (r *recent) median() int64 {
	if r.n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.seen()))
	return sorted[len(sorted)/2]
}

// govern starts to follow a process limit. The lock is held.
func (b *Budget) govern(process int64) {
	b.gov = &governor{budget: weak.Make(b), process: process, last: readMem()}
	b.gov.arm()
}

// sentinel is an object whose only use is to be collected. It has a pointer, since the cleanup of a tiny
// pointer-free object may never run.
type sentinel struct {
	_ *byte
	_ [3]uintptr
}

// arm asks for a step after the next collection.
func (g *governor) arm() {
	runtime.AddCleanup(new(sentinel), (*governor).collected, g)
}

// collected runs after a collection, on a goroutine of the runtime. The chain ends with the budget.
func (g *governor) collected() {
	if b := g.budget.Value(); b != nil && b.step(g) {
		g.arm()
	}
}

// step sets the content budget anew. It reports whether g is still in charge.
func (b *Budget) step(g *governor) bool {
	now := readMem()
	b.mu.Lock()
	defer b.unlock()
	if b.closed || b.gov != g {
		return false
	}
	s := b.core.Snapshot()
	g.observe(now, s.Used)
	if b.largest > 0 { // a cycle without a unit says nothing of the next one
		g.built.add(b.largest)
		b.largest = 0
	}
	b.core.SetLimit(g.next(now, s.Limit, g.built.most()))
	return true
}

// observe takes the readings of one cycle; used is what is accounted.
func (g *governor) observe(now memSample, used int64) {
	cycles := max(1, now.cycles-g.last.cycles)
	if seconds := now.at.Sub(g.last.at).Seconds(); seconds > 0 {
		rate := float64(now.allocs-g.last.allocs) / seconds
		// Marking runs on a quarter of the processors, so its length follows from the time it used.
		mark := (now.markCPU - g.last.markCPU) / (0.25 * float64(runtime.GOMAXPROCS(0)) * float64(cycles))
		g.surge.add(int64(rate * mark))
	}
	g.beside.add(now.live - used)
	if now.rss > 0 {
		g.outside.add(now.rss - now.mapped)
	}
	g.last = now
}

// next is the content budget for the next cycle.
func (g *governor) next(now memSample, content, largest int64) int64 {
	target := g.target(now, largest)
	step := up
	if target < content {
		step = down
	}
	c := content + int64(step*float64(target-content))
	if now.rss > int64(alarm*float64(g.process)) {
		c = min(c, content/2)
	}
	return max(0, c) // at 0 the gate is shut; a unit that fits all the same is let in by reconsider
}

// target is what the law above gives.
func (g *governor) target(now memSample, largest int64) int64 {
	growth := limitedGrowth
	if now.limit > g.process {
		growth = 1 + gogc()/100 // nothing but GOGC keeps the heap from growing
	}
	room := min(g.process-g.outside.most(), now.limit)
	heap := room - now.nonHeap - largest - int64(fragmentation*float64(g.process))
	return min(int64(float64(heap)/growth), heap-int64(surgeMargin*float64(g.surge.most()))) - g.beside.median()
}

// gogc is GOGC in percent. Off reads as a huge number: nothing but a memory limit bounds the heap then, and the
// divisor must stay finite.
func gogc() float64 { return min(400, float64(readMetrics()[gogcPercent].bytes())) }

// memSample is what the runtime and the kernel say at one moment, in bytes.
type memSample struct {
	at      time.Time
	live    int64 // what the last collection found alive
	mapped  int64 // what GOMEMLIMIT bounds
	nonHeap int64 // of that, stacks, spans and the like
	limit   int64 // GOMEMLIMIT
	allocs  int64 // allocated since the start
	cycles  int64 // collections since the start
	markCPU float64
	rss     int64 // anonymous resident memory; 0 where the kernel does not tell
}

func readMem() memSample {
	m := readMetrics()
	rss, err := procmem.RSSAnon()
	if err != nil {
		rss = 0
	}
	mapped := m[total].bytes() - m[released].bytes()
	return memSample{
		at: time.Now(), live: m[live].bytes(), mapped: mapped,
		nonHeap: mapped - m[objects].bytes() - m[unused].bytes() - m[free].bytes(),
		limit:   debug.SetMemoryLimit(-1), allocs: m[allocs].bytes(), cycles: m[cycles].bytes(),
		markCPU: m[dedicated].seconds() + m[assist].seconds(), rss: rss,
	}
}

// need is what the process needs, in bytes, to hold what lives now, and not one unit more: with room for what
// is allocated while the collector marks, up to a sixteenth of the limit, since a sync that only crawls
// beats none.
func (g *governor) need(now memSample, live int64) int64 {
	return live + now.nonHeap + g.outside.most() + int64(fragmentation*float64(g.process)) + min(g.surge.most(), g.process/16)
}

// reconsider looks again at a unit that was refused although the pipeline is empty, now that a collection has
// told exactly what lives: the unit itself among it. It raises the budget, and reports so, if the process
// can hold the unit after all: the budget is cut by estimates, and nobody must fail for one.
func (b *Budget) reconsider(e *BudgetError) bool {
	b.mu.Lock()
	defer b.unlock()
	s := b.core.Snapshot()
	if b.gov == nil || e.Reason == Stalled || s.Units > 0 || e.Need > b.gov.process {
		return false
	}
	b.core.SetLimit(max(s.Limit, s.Used+e.Item+e.Floors)) // below the floors of others it would be refused for ever
	return true
}
