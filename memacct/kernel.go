package memacct

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
)

// How often the files of cgroups are read at most, whatever the number of collections: to find the groups costs 300
// microseconds, to read their use 50 a group. Their limits are 15 a group, and are read at each look: what is lowered
// to little above the use leaves less time than a second.
const (
	wallsEvery = time.Second
	usesEvery  = 100 * time.Millisecond
)

// kernel asks the kernel about the cgroups of this process.
type kernel struct {
	host *host

	mu      sync.Mutex
	walls   walls
	wallsAt time.Time
	uses    reading
	usesAt  time.Time
	waited  time.Duration // for which nothing in the group went on, for want of memory, by then
	group   string        // which group that was
	refill  refill
}

// refill is memory of the heap that Go gave back to the kernel and that is resident again all the same: where huge
// pages are always on, a write to one page of two megabytes brings the rest of them back, and in time the kernel makes
// huge pages of small ones by itself. Go does not count it, and is not to be held back for it: it is where the heap
// grows next.
type refill struct {
	mu    sync.Mutex // held while it is measured
	at    time.Time
	took  time.Duration
	bytes atomic.Int64 // when it was measured last
}

const (
	// refillPart of what Go knows, and so many bytes, may be resident beside it before anybody asks whose they are.
	refillPart  = 32
	refillLeast = bytesize.MiB
	// refillRests is how many times the time that a measurement took must pass before the next: it is a matter of
	// microseconds for a heap of some megabytes, and of 40 milliseconds for one of 64 GiB.
	refillRests = 100
)

// measure finds the refill anew, where there may be some. It asks for each page of the heap whether it is resident, and
// so must run outside the budget's lock.
func (k *kernel) measure(now memSample) {
	r := &k.refill
	if k.host.heap == nil || now.rss-now.mapped <= max(now.mapped/refillPart, refillLeast) || now.freed == 0 || !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	if !r.at.IsZero() && since(r.at) < max(refillRests*r.took, pulseEvery) {
		return
	}
	from := time.Now()
	resident := k.host.heap()
	r.at, r.took = time.Now(), time.Since(from)
	r.bytes.Store(resident - (now.mapped - now.nonHeap + now.stacks))
}

// refilled is the refill at that moment, in bytes: what was measured last, and no more than there can be.
func (k *kernel) refilled(now memSample) int64 {
	return max(0, min(k.refill.bytes.Load(), now.freed, now.rss-now.mapped))
}

// reading is what the kernel said last.
type reading struct {
	walls  walls
	room   int64          // what the cgroups leave this process, in bytes, with others in them; math.MaxInt64: no bound
	most   int64          // that, and what files need: those can be read again
	fill   float64        // the largest part of a bound that is held, page cache left out
	still  float64        // the part of the time since the reading before in which nothing went on, for want of memory
	full   string         // which bound that is
	events procmem.Events // of all bounds together
}

// read is the state of the cgroups around a process of rss bytes. Where nobody steers by it, it is empty.
func (k *kernel) read(wanted bool, rss int64) reading {
	if !wanted {
		return reading{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	stale := false
	if k.wallsAt.IsZero() || since(k.wallsAt) >= wallsEvery {
		k.walls, k.wallsAt = k.host.walls(), time.Now()
		stale = true
	} else if again := k.walls.again(); again.least != k.walls.least || !slices.Equal(again.bounds, k.walls.bounds) {
		k.walls = again
		stale = true
	}
	if stale || k.usesAt.IsZero() || since(k.usesAt) >= usesEvery {
		last, at := k.usesAt, time.Now()
		k.uses, k.usesAt = k.walls.use(rss), at
		k.stand(at.Sub(last))
	}
	return k.uses
}

// stand finds how much of the time since the last reading the group stood still. The kernel tells that of v2 groups; a
// first reading has nothing to compare with.
func (k *kernel) stand(passed time.Duration) {
	if k.walls.group == nil || len(k.walls.bounds) == 0 {
		return
	}
	p, err := k.walls.group.Pressure()
	if err != nil {
		return
	}
	dir := k.walls.group.Dir()
	if k.group == dir && passed > 0 {
		k.uses.still = float64(p.Full-k.waited) / float64(passed)
	}
	k.waited, k.group = p.Full, dir
}

// last is what the last reading found.
func (k *kernel) last() reading {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.usesAt.IsZero() {
		return reading{walls: walls{least: math.MaxInt64}, room: math.MaxInt64, most: math.MaxInt64}
	}
	return k.uses
}

// use reads what the groups with a bound hold. What is not this process's is other processes', or the kernel's
// for all of them: neither can be given up for content. A figure that can't be read bounds nothing.
func (w walls) use(rss int64) reading {
	r := reading{walls: w, room: math.MaxInt64, most: math.MaxInt64}
	mapped := mappedFiles()
	for _, bound := range w.bounds {
		in := w.group.In(bound)
		held, err := in.Held()
		if err != nil {
			continue
		}
		most := bound.Bytes - max(0, held-rss)
		r.most, r.room = min(r.most, most), min(r.room, most-procmem.FileRoom(bound.Bytes, mapped))
		if fill := float64(held) / float64(max(1, bound.Bytes)); fill > r.fill {
			r.fill, r.full = fill, bound.String()
		}
		if e, err := in.Events(); err == nil {
			r.events.High += e.High
			r.events.OOM += e.OOM
			r.events.OOMKills += e.OOMKills
			r.events.UnderOOM = r.events.UnderOOM || e.UnderOOM
		}
	}
	return r
}

// room is what the groups leave this process where it is alone in them: all but what files need.
func (w walls) room() int64 {
	room, mapped := int64(math.MaxInt64), mappedFiles()
	for _, bound := range w.bounds {
		room = min(room, bound.Bytes-procmem.FileRoom(bound.Bytes, mapped))
	}
	return room
}

// mappedFiles is how many bytes of files, its own code above all, the process has in memory. Where the kernel
// does not tell there is no cgroup either.
func mappedFiles() int64 {
	s, err := procmem.Read()
	if err != nil {
		return 0
	}
	return s.RSSFile
}
