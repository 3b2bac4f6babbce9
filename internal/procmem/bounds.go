package procmem

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strings"
	"time"
)

// Bound is a limit that the kernel enforces on a cgroup.
type Bound struct {
	Bytes int64
	Dir   string // the cgroup's directory: this one's, or one above it
	File  string // which of its limits, such as "memory.max"
}

// String names the bound as an operator finds it.
func (b Bound) String() string { return path.Join(b.Dir, b.File) }

// boundFiles are the limits of each version. memory.high does not get anyone
// killed, but whoever is above it is slowed down until nearly nothing moves:
// for a budget it is a limit. The soft limit of v1 is none.
var boundFiles = [2][]string{{"memory.limit_in_bytes"}, {"memory.max", "memory.high"}}

// Bounds is the least limit of each cgroup that has one, its own first and
// then those above it: a group can't use more than any of them allows.
func (c *Cgroup) Bounds() ([]Bound, error) {
	var all []Bound
	for dir := c.dir; ; dir = path.Dir(dir) {
		least := Bound{Bytes: NoLimit, Dir: "/" + dir}
		for _, file := range boundFiles[c.version-1] {
			n, err := c.readIn(dir, figure{file, ""})
			switch {
			case err == nil && n < least.Bytes:
				least.Bytes, least.File = n, file
			case err != nil && !errors.Is(err, fs.ErrNotExist): // the root of v2 has no such file
				return nil, err
			}
		}
		if least.Bytes != NoLimit {
			all = append(all, least)
		}
		if dir == c.top || dir == "." {
			return all, nil
		}
	}
}

// reclaimKeys are the lines of memory.stat with what the kernel can give up: page cache, and with v2 caches of its own
// such as directory entries and inodes. v1 tells those of the groups below apart, v2 includes them.
var reclaimKeys = [2][]string{{"total_inactive_file", "total_active_file"}, {"inactive_file", "active_file", "slab_reclaimable"}}

// lockedKeys are the lines with what is locked in memory.
var lockedKeys = [2]string{"total_unevictable", "unevictable"}

// kernelHolds is the part of a group's kernel memory, in bytes, that is taken to stay under pressure where nobody
// tells: v1 gives one sum. Stacks and page tables of a program are a few MiB; what goes beyond is nearly always
// the entries and inodes of a walk through many files, which the kernel gives up.
const kernelHolds = 16 << 20

// Holding is what is charged to a cgroup and the groups below it, in bytes, but for what the kernel can give up of its own.
type Holding struct {
	Held   int64 // not given up under pressure: all but page cache and caches of the kernel
	Locked int64 // of that, in memory for good: locked files, and locked memory
	Cache  int64 // page cache, which is given up
}

// Holding reads what the group holds. The usual "working set" leaves only the inactive half of the page cache out, and so
// calls a group full that has merely read a file twice.
func (c *Cgroup) Holding() (h Holding, err error) {
	used, err := c.Usage()
	if err != nil {
		return h, err
	}
	text, err := fs.ReadFile(c.fsys, path.Join(c.dir, "memory.stat"))
	if err != nil {
		return h, err
	}
	stat := string(text)
	for _, key := range reclaimKeys[c.version-1] {
		n, err := c.statistic(stat, key)
		if err != nil {
			if key == "slab_reclaimable" { // since Linux 4.11
				continue
			}
			return h, err
		}
		used -= n
		if strings.HasSuffix(key, "_file") {
			h.Cache += n
		}
	}
	if c.version == 1 { // kernels that do not count it have no such file, or a small number in it
		if n, err := c.readIn(c.dir, figure{"memory.kmem.usage_in_bytes", ""}); err == nil {
			used -= max(0, n-kernelHolds)
		}
	}
	h.Held = max(0, used) // the files are not of the same moment
	if n, err := c.statistic(stat, lockedKeys[c.version-1]); err == nil {
		h.Locked = min(n, h.Held)
	}
	return h, nil
}

// statistic finds a number in the text of memory.stat.
func (c *Cgroup) statistic(stat, key string) (int64, error) {
	value, err := lookup(stat, key)
	if err == nil {
		var n int64
		if n, err = parseNumber(value); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("/%s/memory.stat: %w", c.dir, err)
}

// Events is how often something happened to the group because of its limit,
// since it was made.
type Events struct {
	High     int64 // slowed down at memory.high; v2
	OOM      int64 // at the limit, with nothing left to reclaim; v2
	OOMKills int64
	UnderOOM bool // now, with the killer off or on its way; v1
}

// Events reads them. Failcnt is not among them: page cache alone makes it rise.
func (c *Cgroup) Events() (e Events, err error) {
	file, under := "memory.events", int64(0)
	if c.version == 1 {
		file = "memory.oom_control"
	}
	text, err := fs.ReadFile(c.fsys, path.Join(c.dir, file))
	if err != nil {
		return Events{}, fmt.Errorf("%w (%w at the root)", err, ErrUnsupported)
	}
	for key, to := range map[string]*int64{"high": &e.High, "oom": &e.OOM, "oom_kill": &e.OOMKills, "under_oom": &under} {
		if value, err := lookup(string(text), key); err == nil { // each version, and older kernels, lack some
			*to, _ = parseNumber(value)
		}
	}
	e.UnderOOM = under > 0
	return e, nil
}

// Pressure is how long processes of the group have waited for memory since it was made: some of them, and all that had
// something to do at once. v2, of kernels that count it (PSI).
type Pressure struct{ Some, Full time.Duration }

// Pressure reads it, in some 15 microseconds.
func (c *Cgroup) Pressure() (p Pressure, err error) {
	text, err := fs.ReadFile(c.fsys, path.Join(c.dir, "memory.pressure"))
	if err != nil {
		return Pressure{}, fmt.Errorf("%w (%w by this kernel, or by cgroup v1)", err, ErrUnsupported)
	}
	for key, to := range map[string]*time.Duration{"some": &p.Some, "full": &p.Full} {
		line, err := lookup(string(text), key)
		if err != nil {
			return Pressure{}, fmt.Errorf("/%s/memory.pressure: %w", c.dir, err)
		}
		_, total, _ := strings.Cut(line, "total=")
		n, err := parseNumber(total)
		if err != nil {
			return Pressure{}, fmt.Errorf("/%s/memory.pressure: %w", c.dir, err)
		}
		*to = time.Duration(min(n, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond
	}
	return p, nil
}

// In is the cgroup of a [Bound] of c.
func (c *Cgroup) In(b Bound) *Cgroup {
	in := &Cgroup{place: c.place, fsys: c.fsys}
	in.dir = b.Dir[1:]
	return in
}
