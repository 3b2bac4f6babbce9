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
	"github.com/syncmem/syncmem/memacct/internal/govern"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// governor has the budget follow the process by the law of package govern: it reads, and does what the law says. It
// looks once after each garbage collection, since what lives is known only then, and between two as content flows: see
// gctrigger.go.
type governor struct {
	govern.Law
	budget weak.Pointer[Budget] // a budget that nobody closed must still be collectable
	asked  Limit
	from   [3]int64 // the amounts outside that the process limit was found from last: see follow
	steers bool     // the budget follows; otherwise this only observes
	kernel host.Kernel
	let    int64     // a budget that reconsider gave
	builds bool      // for a unit that is being built
	letAt  time.Time // and when
	looked time.Time
}

// letFor is how long a budget that reconsider gave stays: so forced collections are some a second at most.
const letFor = 250 * time.Millisecond

// governLocked starts to follow a limit, or only to observe where it is one of content.
func (b *Budget) governLocked(asked Limit, source limitSource) {
	g := &governor{
		Law:    govern.Law{Process: source.process, Content: source.content, Last: b.host.ReadMemory()},
		budget: weak.Make(b), asked: asked, steers: source.process > 0 && b.mode == Enforce, looked: time.Now(),
	}
	g.kernel.Host = b.host
	if g.SetGo = g.steers && b.setsGo(); g.SetGo {
		g.Past = source.process / 8 // until it is known
	}
	if old := b.gov; old != nil {
		g.Inherit(&old.Law, g.steers)
	}
	if g.steers && b.goLimit != nil {
		b.goLimit.Set(g.LimitGo(g.Last, host.Reading{Room: source.process, Most: source.process}))
	} else if b.goLimit != nil {
		b.goLimit.Set(math.MaxInt64) // whatever the limit before this one wanted
	}
	g.Binds = g.steers && g.Binding(debug.SetMemoryLimit(-1), source.process)
	b.gov = g
	b.armGCTriggerLocked()
	g.arm()
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

// regulateIfDue looks where no collection may come to do it: a limit that was raised, or an alarm that is over,
// must be seen all the same. Puts that wait call it now and then.
func (b *Budget) regulateIfDue() {
	b.enter()
	g := b.gov
	due := g != nil && g.steers && host.Since(g.looked) >= tickEvery/2
	b.leaveQuietly()
	if due {
		b.regulate(g)
	}
}

// regulate sets the content budget anew. It reports whether g is still in charge. Files are read before the lock is
// taken, and events told after.
func (b *Budget) regulate(g *governor) bool {
	now := b.host.ReadMemory()
	kernel := g.kernel.Read(g.steers, now.RSS)
	g.kernel.Measure(&now)
	others, share := b.neighbours(core.Snapshot.Content)
	b.enter()
	if b.closing.begun || b.gov != g {
		b.leaveQuietly()
		return false
	}
	g.looked = now.At
	// Whoever calls: cleanups, by which collections tell, may be held up by somebody else's.
	collected := now.Cycles > g.Last.Cycles
	if collected {
		s := b.core.Snapshot()
		g.Observe(now, s.Content()+govern.Sum(others), b.arrivals.largest)
		g.Trend.Add(b.core.Ended(), now.Live-s.Content()-govern.Sum(others))
		b.arrivals.largest = 0
	}
	var events []Event
	if g.steers {
		g.Others, g.Share = others, share
		was := g.Process
		events = b.steerLocked(g, now, kernel, collected)
		process, needsCode := g.Process, g.NeedsCode(kernel, max(g.Need(now, now.Live), now.RSS))
		b.leave()
		switch {
		case process != was:
			b.keepCode(process)
		case needsCode:
			b.letCodeGo(g, process)
		}
	} else {
		b.leaveQuietly() // nothing changed, so nobody is to be woken
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

// steerLocked is what follows from the readings.
func (b *Budget) steerLocked(g *governor, now host.Sample, kernel host.Reading, collected bool) (events []Event) {
	process, bound := g.Process, g.Binds
	e, changed := b.followLocked(g, kernel)
	if g.SetGo = b.setsGo(); b.goLimit != nil {
		b.goLimit.Set(g.LimitGo(now, kernel))
		now.Limit = debug.SetMemoryLimit(-1)
	}
	if changed {
		g.Content = max(0, g.Target(now, kernel)) // at once, also up: who waits for it has waited long enough
		events = append(events, b.changedLocked(g, process, e))
	}
	g.Content = g.Next(now, kernel, g.Content)
	if g.Binds != bound {
		b.armGCTriggerLocked()
	}
	shut, alarms := g.Alarms.Check(g.Process, now, kernel, collected)
	limit := g.Content
	if shut {
		g.Content /= 2
	}
	if shut || b.gcTrigger.shut {
		limit = 0
	}
	// A large one is for its unit alone: the next such, built meanwhile, would be one too many.
	in := b.core.Snapshot().Units > 0 && g.let > g.Process/64 && !g.builds
	if in || b.gcTrigger.shut || host.Since(g.letAt) >= letFor || g.Need(now, now.Live) > g.Process {
		g.let = 0
	}
	b.capLocked(max(limit, g.let))
	for _, n := range alarms {
		events = append(events, eventOf(n))
	}
	if !collected {
		return events
	}
	if n, yes := g.Thrash(now); yes {
		events = append(events, eventOf(n))
	}
	if n, yes := g.Foretell(now, b.toCome()); yes {
		events = append(events, eventOf(n))
	}
	if n, yes := g.Sizes.Off(now.At); yes {
		events = append(events, eventOf(n))
	}
	return events
}

// eventOf is the event that tells a notice.
func eventOf(n govern.Notice) Event {
	return Event{Kind: EventKind(n.Kind), Bytes: n.Bytes, Text: n.Text}
}

// capLocked sets the budget to so much content. What is charged by name comes on top where the budget follows a process: it
// lives beside the content, and has left less for that already. So who charges what an aggregate keeps has no less than
// who does not.
func (b *Budget) capLocked(content int64) {
	if b.gov.steers {
		content += b.core.Snapshot().Named
	}
	b.core.SetLimit(content)
}

// followLocked takes over a limit that has changed outside: the cgroup's, or GOMEMLIMIT. The amounts it is found from
// are compared first: words are made for a change alone, and not after each collection.
func (b *Budget) followLocked(g *governor, kernel host.Reading) (source limitSource, changed bool) {
	from := [...]int64{b.host.GoLimit(), b.host.Machine(), kernel.Walls.Least}
	if kernel.Walls.Name == "" || from == g.from {
		return source, false
	}
	g.from = from
	source, err := g.asked.find(b.host, kernel.Walls)
	if most, name := b.host.Ceiling(kernel.Walls); err == nil && source.process > most {
		source = limitSource{process: most, from: name, looked: g.asked.String()}
	}
	if err != nil || source.process == g.Process {
		return source, false
	}
	g.Process, g.Past = source.process, min(g.Past, source.process/8)
	return source, true
}

// changedLocked takes over what the limit is now, and tells so.
func (b *Budget) changedLocked(g *governor, was int64, source limitSource) Event {
	source.content, source.least = g.Content, b.source.least
	source.smallPages = b.turnsHugePagesOff(source.process)
	b.source = source
	e := Event{Kind: EventLimit, Bytes: source.process, Text: "the limit changed, from " + bytesize.Format(was) + ": " + source.String()}
	if floors := b.core.Floors(); floors > source.content {
		e.Kind = EventAlarm
		e.Text += fmt.Sprintf(", less than the floors of all accounts, %s together, which shrink in proportion", bytesize.Format(floors))
	}
	return e
}

// read asks the runtime and the kernel what the law wants to know.
func (g *governor) read() host.Sample {
	now := g.kernel.Host.ReadMemory()
	now.Refilled = g.kernel.Refilled(now)
	return now
}

// leaveGoLimit sets the Go runtime's limit for the time after the budget.
func (b *Budget) leaveGoLimit() {
	now := b.host.ReadMemory()
	b.enter()
	if g := b.gov; g != nil && g.SetGo {
		now.Refilled = g.kernel.Refilled(now)
		b.goLimit.Set(g.GoLimitAtEnd(now, g.kernel.Last()))
	}
	b.leaveQuietly()
	b.goLimit.Drop()
}

// setsGo reports whether the budget sets the Go runtime's limit, if its own is one of the process.
func (b *Budget) setsGo() bool { return b.goLimit.Counts() && b.mode == Enforce }
