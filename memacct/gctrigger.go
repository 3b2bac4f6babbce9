package memacct

import (
	"runtime"
	"sync"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// gcTrigger has the governor look between two collections, where nothing but GOGC brings them about: a first stage that
// keeps its units, a cache, or memory outside Go may then reach the limit before the next one comes. Its clock is the
// content itself, which goes through the gates in such a time: bytes that are charged. So it costs nothing while
// nothing flows. Who charges them looks, on its own goroutine: another would wait for a processor, just when all are
// busy allocating. Where a Go limit binds it looks seldom, and forces nothing: a cgroup's limit that was lowered must
// be seen before the heap has grown to a Go limit that stems from the old one. Guarded by the budget's lock.
type gcTrigger struct {
	at     int64     // bytes charged so far at which it looks next; 0 is never
	looked time.Time // when it did last
	left   int64     // bytes that were left then before it forces a collection
	shut   bool      // the gate is, until one is over
	steers bool      // a goroutine is under way to have the governor look as well
}

// forcedGCs are the collections that budgets of this process force between two that come by themselves, one at a time.
var forcedGCs struct {
	mu   sync.Mutex    // held for as long as one takes
	left int64         // bytes of heap after the last one
	over time.Time     // when that was
	took time.Duration // and how long it took
}

const (
	// triggerPart of the process limit goes through between two looks, or of what is left below nearWall, down to a
	// leastTrigger of the limit: a first stage may allocate many times what it charges.
	triggerPart  = 32
	leastTrigger = 512
	// triggerEvery is the least time between two: a look takes some ten microseconds.
	triggerEvery = 5 * time.Millisecond
	// nearWall is the part of what the process may use at which a collection is forced, if the heap has grown by
	// growPart of the limit since the last one.
	nearWall = 0.86
	growPart = 24
	// restsFor is how many times the time that a forced collection took must pass before the next, with the gate
	// shut where it may not come yet. The Go runtime's own limit has it collect for half of the time at most too.
	restsFor = 1
)

// armGCTriggerLocked says anew how much may flow until the next look.
func (b *Budget) armGCTriggerLocked() {
	p := &b.gcTrigger
	switch g := b.gov; {
	case g == nil || !g.steers || b.closing.begun:
		p.at = 0
	case g.Binds:
		p.at = b.core.Flow() + g.Process/triggerPart/int64(max(1, g.Share))
	default:
		p.at = b.core.Flow() + max(g.Process/leastTrigger, min(g.Process, p.left)/triggerPart)/int64(max(1, g.Share))
	}
}

// gcTriggerDueLocked reports whether a look is due.
func (b *Budget) gcTriggerDueLocked() bool {
	p := &b.gcTrigger
	return p.at > 0 && b.core.Flow() >= p.at && host.Since(p.looked) >= triggerEvery
}

// leaveAndLook is leave where a look is due.
func (b *Budget) leaveAndLook() {
	g, p := b.gov, &b.gcTrigger
	p.looked = time.Now()
	b.armGCTriggerLocked()
	steer, binds := !p.steers, g.Binds
	p.steers = true
	b.leave()
	if !binds && forcedGCs.mu.TryLock() { // else a collection is under way
		if b.nearlyFull(g, b.host.ReadMemory()) {
			go forceGC(b.shutAll())
		} else {
			forcedGCs.mu.Unlock()
		}
	}
	if steer {
		go func() {
			b.regulate(g)
			b.enter()
			p.steers = false
			b.leaveQuietly()
		}()
	}
}

// nearlyFull finds how much is left, and reports whether a collection is to be forced.
func (b *Budget) nearlyFull(g *governor, now host.Sample) bool {
	g.kernel.Measure(&now)
	kernel := g.kernel.Last().Room
	b.enter()
	defer b.leaveQuietly()
	room := float64(min(g.Process, kernel) - g.Beyond(now))
	grown := now.Objects - forcedGCs.left
	if now.Cycles > g.Last.Cycles {
		grown = now.Objects - now.Live
	}
	b.gcTrigger.left = int64(nearWall*room) - now.Mapped
	return b.gcTrigger.left < 0 && grown > g.Process/growPart
}

// shutAll shuts the gates of all budgets that steer, and returns those.
func (b *Budget) shutAll() (shut []*Budget) {
	for _, o := range append(b.others(), b) {
		o.enter()
		if o.gov.steers { // it may just have got a limit of content, which nothing would open again
			o.gcTrigger.shut, o.gov.let = true, 0
			o.core.SetLimit(0)
			shut = append(shut, o)
		}
		o.leave()
	}
	return shut
}

// forceGC forces a collection, and opens the gates again after it.
func forceGC(shut []*Budget) {
	defer forcedGCs.mu.Unlock()
	time.Sleep(restsFor*forcedGCs.took - host.Since(forcedGCs.over))
	from := time.Now()
	runtime.GC()
	forcedGCs.left, forcedGCs.over, forcedGCs.took = host.HeapObjects(), time.Now(), time.Since(from)
	for _, o := range shut {
		o.enter()
		o.gcTrigger.shut = false
		g := o.gov
		o.leaveQuietly()
		o.regulate(g)
	}
}
