package memacct

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"time"
	"weak"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// governor lets the content budget follow what the process really has free. It looks once after each garbage
// collection, since what lives is known only then, and computes
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
// growth is what the heap will do, or a third of the rest is content's: see pulse.go for what grows between two
// collections.
type governor struct {
	budget  weak.Pointer[Budget] // a budget that nobody closed must still be collectable
	asked   Limit
	process int64    // what the process may use, in bytes
	from    [3]int64 // the amounts outside that this was found from last: see follow
	steers  bool     // the budget follows; otherwise this only observes
	setGo   bool     // the Go runtime's limit is the budget's to set, see host.GoLimitRequest.Counts
	binds   bool     // there is one low enough for the collector to keep the process below its limit
	goLimit int64    // which is to be that, in bytes, at most; 0 before it is known
	kernel  host.Kernel
	last    host.Sample
	content int64     // what the law says; the budget is less while the gate is shut
	let     int64     // a budget that reconsider gave
	letAt   time.Time // and when
	surge   recent    // bytes allocated during one mark phase
	beside  recent    // bytes alive that are not content
	outside recent    // resident bytes that Go does not know of
	past    int64     // how far the runtime went past its own limit, at most, forgotten slowly
	built   recent    // the largest unit of each cycle in which one was put
	others  []int64   // bytes of content in other budgets that steer by a process limit
	share   int       // how many those are, with this one
	signs   signs
	gc      gcShare
	sizes   calibration
	residue residue
	bound   sign // that what units leave behind will exceed the limit
	looked  time.Time
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
	// pastMemory is how many collections it takes, about, to forget how far the runtime went past its limit: at
	// a hundred a second they are seconds.
	pastMemory = 256
	// letFor is how long a budget that reconsider gave stays: so forced collections are some a second at most.
	letFor = 250 * time.Millisecond
	// looseness is the part of the process limit by which a Go limit may exceed what is left of it and bind all the
	// same: the governor leaves as much free.
	looseness = 16
)

// govern starts to follow a limit, or only to observe where it is one of content. The lock is held.
func (b *Budget) govern(asked Limit, source limitSource) {
	g := &governor{
		budget: weak.Make(b), asked: asked, process: source.process, content: source.content,
		steers: source.process > 0 && b.mode == Enforce, last: b.host.ReadMemory(), looked: time.Now(),
	}
	g.kernel.Host = b.host
	if g.setGo = g.steers && b.setsGo(); g.setGo {
		g.past = source.process / 8 // until it is known
	}
	if old := b.gov; old != nil {
		g.inherit(old)
	}
	if g.steers && b.goLimit != nil {
		g.limitGo(b.goLimit, g.last, host.Reading{Room: source.process, Most: source.process})
	} else if b.goLimit != nil {
		b.goLimit.Set(math.MaxInt64) // whatever the limit before this one wanted
	}
	g.binds = g.steers && debug.SetMemoryLimit(-1) <= source.process+source.process/looseness
	b.gov = g
	b.beat()
	g.arm()
}

// inherit takes over what a governor of another limit has learned of the process.
func (g *governor) inherit(old *governor) {
	g.surge, g.beside, g.outside, g.built = old.surge, old.beside, old.outside, old.built
	g.past, g.signs, g.gc, g.sizes, g.residue = max(g.past, min(old.past, g.process/8)), old.signs, old.gc, old.sizes, old.residue
	if g.steers {
		g.content = max(0, min(g.content, g.target(g.last, host.Reading{Room: math.MaxInt64})))
	}
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
	if b := g.budget.Value(); b != nil && b.regulate(g) {
		g.arm()
	}
}

// lookAgain looks where no collection may come to do it: a limit that was raised, or an alarm that is over,
// must be seen all the same. Puts that wait call it now and then.
func (b *Budget) lookAgain() {
	b.lock()
	g := b.gov
	due := g != nil && g.steers && host.Since(g.looked) >= tickEvery/2
	b.unlockQuiet()
	if due {
		b.regulate(g)
	}
}

// regulate sets the content budget anew. It reports whether g is still in charge. Files are read before the lock is
// taken, and events told after.
func (b *Budget) regulate(g *governor) bool {
	now := b.host.ReadMemory()
	kernel := g.kernel.Read(g.steers, now.RSS)
	g.kernel.Measure(now)
	others, share := b.neighbours(core.Snapshot.Content)
	b.lock()
	if b.closed || b.gov != g {
		b.unlockQuiet()
		return false
	}
	g.looked = now.At
	// Whoever calls: cleanups, by which collections tell, may be held up by somebody else's.
	collected := now.Cycles > g.last.Cycles
	if collected {
		s := b.core.Snapshot()
		g.observe(now, s.Content()+sum(others), b.largest)
		g.residue.add(b.core.Ended(), now.Live-s.Content()-sum(others))
		b.largest = 0
	}
	var events []Event
	if g.steers {
		g.others, g.share = others, share
		events = b.steer(g, now, kernel, collected)
		b.unlock()
	} else {
		b.unlockQuiet() // nothing changed, so nobody is to be woken
	}
	if len(events) > 0 {
		go func() { // loggers and watchers may take their time, and the runtime's goroutine has none
			for _, e := range events {
				b.emit(e)
			}
		}()
	}
	return true
}

// steer is what follows from the readings. The lock is held.
func (b *Budget) steer(g *governor, now host.Sample, kernel host.Reading, collected bool) (events []Event) {
	process, bound := g.process, g.binds
	e, changed := b.follow(g, kernel)
	if g.setGo = b.setsGo(); b.goLimit != nil {
		g.limitGo(b.goLimit, now, kernel)
		now.Limit = debug.SetMemoryLimit(-1)
	}
	if changed {
		g.content = max(0, g.target(now, kernel)) // at once, also up: who waits for it has waited long enough
		events = append(events, b.changed(g, process, e))
	}
	g.content = g.next(now, kernel, g.content)
	if g.binds != bound {
		b.beat()
	}
	shut, alarms := g.signs.look(g, now, kernel, collected)
	limit := g.content
	if shut {
		g.content /= 2
	}
	if shut || b.pulse.shut {
		limit = 0
	}
	// A large one is for its unit alone: the next such, built meanwhile, would be one too many.
	in := b.core.Snapshot().Units > 0 && g.let > g.process/64
	if in || b.pulse.shut || host.Since(g.letAt) >= letFor || g.need(now, now.Live) > g.process {
		g.let = 0
	}
	b.cap(max(limit, g.let))
	events = append(events, alarms...)
	if !collected {
		return events
	}
	if e, yes := g.thrash(now); yes {
		events = append(events, e)
	}
	if e, yes := b.foretell(g, now); yes {
		events = append(events, e)
	}
	if e, yes := g.sizes.off(now.At); yes {
		events = append(events, e)
	}
	return events
}

// cap sets the budget to so much content. What is charged by name comes on top where the budget follows a process: it
// lives beside the content, and has left less for that already. So who charges what an aggregate keeps has no less than
// who does not. The lock is held.
func (b *Budget) cap(content int64) {
	if b.gov.steers {
		content += b.core.Snapshot().Named
	}
	b.core.SetLimit(content)
}

// follow takes over a limit that has changed outside: the cgroup's, or GOMEMLIMIT. The amounts it is found from
// are compared first: words are made for a change alone, and not after each collection. The lock is held.
func (b *Budget) follow(g *governor, kernel host.Reading) (source limitSource, changed bool) {
	from := [...]int64{b.host.GoLimit(), b.host.Machine(), kernel.Walls.Least}
	if kernel.Walls.Name == "" || from == g.from {
		return source, false
	}
	g.from = from
	source, err := g.asked.find(b.host, kernel.Walls)
	if most, name := b.host.Ceiling(kernel.Walls); err == nil && source.process > most {
		source = limitSource{process: most, from: name, looked: g.asked.String()}
	}
	if err != nil || source.process == g.process {
		return source, false
	}
	g.process, g.past = source.process, min(g.past, source.process/8)
	return source, true
}

// changed takes over what the limit is now, and tells so. The lock is held.
func (b *Budget) changed(g *governor, was int64, source limitSource) Event {
	source.content, source.least = g.content, b.source.least
	b.source = source
	e := Event{Kind: EventLimit, Bytes: source.process, Text: "the limit changed, from " + bytesize.Format(was) + ": " + source.String()}
	if floors := b.core.Floors(); floors > source.content {
		e.Kind = EventAlarm
		e.Text += fmt.Sprintf(", less than the floors of all accounts, %s together, which shrink in proportion", bytesize.Format(floors))
	}
	return e
}

// observe takes the readings of one cycle; used is what is accounted, built the largest unit put in it.
func (g *governor) observe(now host.Sample, used, built int64) {
	cycles := max(1, now.Cycles-g.last.Cycles)
	if seconds := now.At.Sub(g.last.At).Seconds(); seconds > 0 {
		rate := float64(now.Allocs-g.last.Allocs) / seconds
		// Marking runs on a quarter of the processors, so its length follows from the time it used.
		mark := (now.MarkCPU - g.last.MarkCPU) / (0.25 * float64(runtime.GOMAXPROCS(0)) * float64(cycles))
		g.surge.add(int64(rate * mark))
	}
	g.beside.add(now.Live - used)
	if now.RSS > 0 {
		g.outside.add(g.outsideGo(now))
	}
	past := now.Mapped - now.Limit
	if now.Limit < goFloor(now) {
		past = 0 // what lives drove it there: a lower limit would make that worse
	}
	g.past = max(g.past-g.past/pastMemory, past)
	g.gc.add(now)
	g.sizes.add(now.Live, used)
	if built > 0 { // a cycle without a unit says nothing of the next one
		g.built.add(built)
	}
	g.last = now
}

// next is the content budget from now on. At 0 the gate is shut; a unit that fits all the same is let in by
// reconsider.
func (g *governor) next(now host.Sample, kernel host.Reading, content int64) int64 {
	target := g.target(now, kernel)
	step := up
	if target < content {
		step = down
	}
	return max(0, content+int64(step*float64(target-content)))
}

// target is what the law above gives. It may be less than nothing. The first budget has a rule of its own, for by this
// one a program with much beside the content needs up to twice the limit that holds: see contentOf.
func (g *governor) target(now host.Sample, kernel host.Reading) int64 {
	room := min(g.process, kernel.Room) - g.outside.most()
	g.binds = now.Limit <= room+g.process/looseness
	limited := min(room, now.Limit)
	if !g.setGo {
		room = limited // else the limit has left out already what is allocated while the collector marks
	}
	rest := now.NonHeap + g.built.most() + int64(fragmentation*float64(g.process))
	beside := max(g.beside.median(), g.beside.lately())
	var content int64
	if g.binds {
		content = max(int64(float64(limited-rest)/limitedGrowth)-beside, (limited-rest-beside)/2)
	} else {
		// The goal counts stacks as it counts what lives. Above a third the pulse has collections come.
		stacks := int64(float64(now.Stacks) * host.GOGC() / 100)
		content = max(int64(float64(limited-rest-stacks)/(1+host.GOGC()/100))-beside, (limited-rest-beside)/3)
	}
	content = min(content, room-rest-int64(surgeMargin*float64(g.surge.most()))-beside)
	return divide(content, g.others, g.share)
}

// need is what the process needs, in bytes, to hold what lives now, and not one unit more: with room for what
// is allocated while the collector marks, up to a sixteenth of the limit, since a sync that only crawls
// beats none.
func (g *governor) need(now host.Sample, live int64) int64 {
	return live + now.NonHeap + g.beyond(now) + int64(fragmentation*float64(g.process)) + min(g.surge.most(), g.process/16)
}

// beyond is how many bytes are resident that Go does not know of, now or of late.
func (g *governor) beyond(now host.Sample) int64 { return max(g.outside.most(), g.outsideGo(now)) }

// outsideGo is how many resident bytes Go does not know of, without those that it gave back and has again.
func (g *governor) outsideGo(now host.Sample) int64 {
	return max(0, now.RSS-now.Mapped-g.kernel.Refilled(now))
}

// reconsider looks again at a unit that was refused though nothing moves, now that a collection has told exactly what
// lives: the unit itself among it. It raises the budget, and reports so, if the process can hold the unit after all,
// or with no more than the policy allows past its limit: the budget is cut by estimates, and nobody must fail for one,
// or run over by one. What it gave stays for a moment, unless a collection finds that it was too much: for the unit
// itself, which is not in yet, and for others like it, since each one asks for a forced collection otherwise.
func (b *Budget) reconsider(e *BudgetError) (past int64, yes bool) {
	b.lock()
	defer b.unlock()
	g := b.gov
	if a := e.acct.Value(); !e.slot && a != nil && a.Room(e.wanted()) {
		return 0, true // a limit was raised meanwhile, or somebody let go
	}
	if g == nil || !g.steers || e.slot || e.Need-g.process > max(0, b.policy.overrun) {
		return 0, false
	}
	s := b.core.Snapshot()
	if others := s.Units - e.builds(); others > 0 && e.Reason != Stalled {
		return 0, true // somebody came in meanwhile, and there is something to wait for
	}
	g.let, g.letAt = e.fits-s.Named, time.Now()
	b.core.SetLimit(max(s.Limit, e.fits))
	return max(0, e.Need-g.process), true
}
