package host

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/syncmem/syncmem/internal/procmem"
)

// How often the files of cgroups are read at most, whatever the number of collections: to find the groups costs 300
// microseconds, to read their use 50 a group. Their limits are 15 a group, and are read at each look: what is lowered
// to little above the use leaves less time than a second.
const (
	wallsEvery = time.Second
	usesEvery  = 100 * time.Millisecond
)

// Kernel asks the kernel about the cgroups of this process.
type Kernel struct {
	Host *Host

	mu      sync.Mutex
	walls   Walls
	wallsAt time.Time
	uses    Reading
	usesAt  time.Time
	waited  time.Duration // for which nothing in the group went on, for want of memory, by then
	group   string        // which group that was
	files   procmem.Files
	refill  refill
}

// Reading is what the kernel said last.
type Reading struct {
	Walls  Walls
	Room   int64          // what the cgroups leave this process, in bytes, with others in them; math.MaxInt64: no bound
	Most   int64          // that, and what files need: those can be read again
	Code   int64          // of what files need, the program's own code
	Locked int64          // of that, what the kernel does not drop; Most is without it
	Fill   float64        // the largest part of a bound that is held, page cache left out
	Still  float64        // the part of the time since the reading before in which nothing went on, for want of memory
	Full   string         // which bound that is
	Events procmem.Events // of all bounds together
}

// Read is the state of the cgroups around a process of rss bytes. Where nobody steers by it, it is empty.
func (k *Kernel) Read(wanted bool, rss int64) Reading {
	if !wanted {
		return Reading{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	stale := false
	if k.wallsAt.IsZero() || Since(k.wallsAt) >= wallsEvery {
		k.walls, k.wallsAt = k.Host.Walls(), time.Now()
		stale = true
	} else if again := k.walls.again(); again.Least != k.walls.Least || !slices.Equal(again.bounds, k.walls.bounds) {
		k.walls = again
		stale = true
	}
	if stale || k.usesAt.IsZero() || Since(k.usesAt) >= usesEvery {
		last, at := k.usesAt, time.Now()
		k.uses, k.usesAt = k.walls.use(rss, &k.files), at
		k.stand(at.Sub(last))
	}
	return k.uses
}

// stand finds how much of the time since the last reading the group stood still. The kernel tells that of v2 groups; a
// first reading has nothing to compare with.
func (k *Kernel) stand(passed time.Duration) {
	if k.walls.group == nil || len(k.walls.bounds) == 0 {
		return
	}
	p, err := k.walls.group.Pressure()
	if err != nil {
		return
	}
	dir := k.walls.group.Dir()
	if k.group == dir && passed > 0 {
		k.uses.Still = float64(p.Full-k.waited) / float64(passed)
	}
	k.waited, k.group = p.Full, dir
}

// Forget has the next Read find the groups anew, also where it did so a moment ago.
func (k *Kernel) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wallsAt = time.Time{}
}

// Last is what the last reading found.
func (k *Kernel) Last() Reading {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.usesAt.IsZero() {
		return Reading{Walls: Walls{Least: math.MaxInt64}, Room: math.MaxInt64, Most: math.MaxInt64}
	}
	return k.uses
}

// Use reads what the groups with a bound hold. What is not this process's is other processes', or the kernel's
// for all of them: neither can be given up for content. A figure that can't be read bounds nothing.
func (w Walls) use(rss int64, files *procmem.Files) Reading {
	r := Reading{Walls: w, Room: math.MaxInt64, Most: math.MaxInt64}
	mapped, locked := mappedFiles()
	for _, bound := range w.bounds {
		in := w.group.In(bound)
		h, err := in.Holding()
		if err != nil {
			continue
		}
		most := bound.Bytes - max(0, h.Held-rss) // without what is locked, which can't be read again
		locked := min(locked, h.Locked)
		files.See(mapped, locked, h.Cache+locked)
		r.Code, r.Locked = files.Code(), max(r.Locked, locked)
		r.Most, r.Room = min(r.Most, most), min(r.Room, most-(files.Room(bound.Bytes)-locked))
		if fill := float64(h.Held) / float64(max(1, bound.Bytes)); fill > r.Fill {
			r.Fill, r.Full = fill, bound.String()
		}
		if e, err := in.Events(); err == nil {
			r.Events.High += e.High
			r.Events.OOM += e.OOM
			r.Events.OOMKills += e.OOMKills
			r.Events.UnderOOM = r.Events.UnderOOM || e.UnderOOM
		}
	}
	return r
}

// Room is what the groups leave this process where it is alone in them: all but what files need.
func (w Walls) Room() int64 {
	mapped, _ := mappedFiles()
	room, files := int64(math.MaxInt64), procmem.AnyFiles(mapped)
	for _, bound := range w.bounds {
		room = min(room, bound.Bytes-files.Room(bound.Bytes))
	}
	return room
}

// mappedFiles is how many bytes of files, its own code above all, the process has in memory, and
// how many of them are locked there. Where the kernel does not tell there is no cgroup either.
func mappedFiles() (mapped, locked int64) {
	s, err := procmem.Read()
	if err != nil {
		return 0, 0
	}
	return s.RSSFile, s.LockedFiles()
}
