package memacct

import (
	"runtime"
	"sync"
	"time"

	"github.com/syncmem/syncmem/memacct/internal/host"
)

// pulse has the governor look between two collections, where nothing but GOGC brings them about: a first stage that
// keeps its units, a cache, or memory outside Go may then reach the limit before the next one comes. Its clock is the
// content itself, which goes through the gates in such a time: bytes that are charged. So it costs nothing while
// nothing flows. Who charges them looks, on its own goroutine: another would wait for a processor, just when all are
// busy allocating. Where a Go limit binds it looks seldom, and forces nothing: a cgroup's limit that was lowered must
// be seen before the heap has grown to a Go limit that stems from the old one. Guarded by the budget's lock.
type pulse struct {
	at     int64     // bytes charged so far at which it looks next; 0 is never
	looked time.Time // when it did last
	left   int64     // bytes that were left then before it forces a collection
	shut   bool      // the gate is, until one is over
	steers bool      // a goroutine is under way to have the governor look as well
}

// sweeps are the collections that budgets of this process force by their pulses, one at a time.
var sweeps struct {
	mu   sync.Mutex    // held for as long as one takes
	left int64         // bytes of heap after the last one
	over time.Time     // when that was
	took time.Duration // and how long it took
}

const (
	// pulsePart of the process limit goes through between two looks, or of what is left below nearWall, down to a
	// leastPulse of the limit: a first stage may allocate many times what it charges.
	pulsePart  = 32
	leastPulse = 512
	// pulseEvery is the least time between two: a look takes some ten microseconds.
	pulseEvery = 5 * time.Millisecond
	// nearWall is the part of what the process may use at which a collection is forced, if the heap has grown by
	// growPart of the limit since the last one.
	nearWall = 0.86
	growPart = 24
	// restsFor is how many times the time that a forced collection took must pass before the next, with the gate
	// shut where it may not come yet. The Go runtime's own limit has it collect for half of the time at most too.
	restsFor = 1
)

// beat sets the pulse anew. The lock is held.
func (b *Budget) beat() {
	p := &b.pulse
	switch g := b.gov; {
	case g == nil || !g.steers || b.closed:
		p.at = 0
	case g.Binds:
		p.at = b.core.Flow() + g.Process/pulsePart/int64(max(1, g.Share))
	default:
		p.at = b.core.Flow() + max(g.Process/leastPulse, min(g.Process, p.left)/pulsePart)/int64(max(1, g.Share))
	}
}

// feel tells whether a look is due. The lock is held.
func (b *Budget) feel() bool {
	p := &b.pulse
	return p.at > 0 && b.core.Flow() >= p.at && host.Since(p.looked) >= pulseEvery
}

// unlockAndLook is unlock where a look is due.
func (b *Budget) unlockAndLook() {
	g, p := b.gov, &b.pulse
	p.looked = time.Now()
	b.beat()
	steer, binds := !p.steers, g.Binds
	p.steers = true
	b.unlock()
	if !binds && sweeps.mu.TryLock() { // else a collection is under way
		if b.nearlyFull(g, b.host.ReadMemory()) {
			go sweep(b.shutAll())
		} else {
			sweeps.mu.Unlock()
		}
	}
	if steer {
		go func() {
			b.regulate(g)
			b.lock()
			p.steers = false
			b.unlockQuiet()
		}()
	}
}

// nearlyFull finds how much is left, and tells whether a collection is to be forced.
func (b *Budget) nearlyFull(g *governor, now host.Sample) bool {
	g.kernel.Measure(&now)
	kernel := g.kernel.Last().Room
	b.lock()
	defer b.unlockQuiet()
	room := float64(min(g.Process, kernel) - g.Beyond(now))
	grown := now.Objects - sweeps.left
	if now.Cycles > g.Last.Cycles {
		grown = now.Objects - now.Live
	}
	b.pulse.left = int64(nearWall*room) - now.Mapped
	return b.pulse.left < 0 && grown > g.Process/growPart
}

// shutAll shuts the gates of all budgets that steer, and returns those.
func (b *Budget) shutAll() (shut []*Budget) {
	for _, o := range append(b.others(), b) {
		o.lock()
		if o.gov.steers { // it may just have got a limit of content, which nothing would open again
			o.pulse.shut, o.gov.let = true, 0
			o.core.SetLimit(0)
			shut = append(shut, o)
		}
		o.unlock()
	}
	return shut
}

// sweep forces a collection, and opens the gates again after it.
func sweep(shut []*Budget) {
	defer sweeps.mu.Unlock()
	time.Sleep(restsFor*sweeps.took - host.Since(sweeps.over))
	from := time.Now()
	runtime.GC()
	sweeps.left, sweeps.over, sweeps.took = host.HeapObjects(), time.Now(), time.Since(from)
	for _, o := range shut {
		o.lock()
		o.pulse.shut = false
		g := o.gov
		o.unlockQuiet()
		o.regulate(g)
	}
}
