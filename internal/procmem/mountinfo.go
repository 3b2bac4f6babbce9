package procmem

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// mount is the part of a line of /proc/self/mountinfo that is needed here.
type mount struct {
	root  string // the directory of the file system that is mounted
	point string // where
	kind  string // "cgroup", "cgroup2"
	super string // options of the file system: for cgroup v1, its controllers
}

// parseMountinfo finds the cgroup mounts. A line is
//
//	35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
//
// with any number of optional fields before the dash (see proc(5)).
func parseMountinfo(text []byte) ([]mount, error) {
	var mounts []mount
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20) // overlay mounts list all their layers in a line
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		dash := slices.Index(fields, "-")
		if dash < 6 || len(fields) < dash+4 {
			return nil, fmt.Errorf("/proc/self/mountinfo:%d: not a mount: %q", n, lines.Text())
		}
		if kind := fields[dash+1]; kind == "cgroup" || kind == "cgroup2" {
			mounts = append(mounts, mount{unescape(fields[3]), unescape(fields[4]), kind, fields[dash+3]})
		}
	}
	return mounts, lines.Err()
}

// unescape undoes the kernel's way to write spaces and backslashes: \040.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// parseMembership reads /proc/self/cgroup: the path of this process in the v1
// memory hierarchy and in the v2 one, each empty when there is none. A line is
//
//	4:memory:/docker/0123     (v1: number, controllers, path)
//	0::/user.slice            (v2)
func parseMembership(text []byte) (v1, v2 string, err error) {
	for n, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		number, rest, ok1 := strings.Cut(line, ":")
		controllers, dir, ok2 := strings.Cut(rest, ":")
		switch {
		case !ok1 || !ok2 || !strings.HasPrefix(dir, "/"):
			return "", "", fmt.Errorf("/proc/self/cgroup:%d: not a cgroup: %q", n+1, line)
		case number == "0" && controllers == "":
			v2 = dir
		case slices.Contains(strings.Split(controllers, ","), "memory"):
			v1 = dir
		}
	}
	return v1, v2, nil
}

// place is where a cgroup's files are, as a path of an fs.FS over "/", and the
// mount they are under.
type place struct {
	version int
	dir     string // without the leading slash, as fs.FS wants it
	top     string // the mount point, ditto: as far up as there are limits to see
}

// finder finds the memory cgroup of this process, and remembers where it was if that took a search.
type finder struct {
	fsys fs.FS // over "/"
	pid  int

	mu     sync.Mutex
	mount  mount // that was searched, and for which membership
	member string
	dir    string // what was found; "" is nothing
}

// locate finds the memory cgroup of this process. On a hybrid system, where
// the v2 hierarchy is mounted too, v1 has the memory controller, and its line
// in /proc/self/cgroup says so.
func (f *finder) locate() (place, error) {
	membership, err := fs.ReadFile(f.fsys, "proc/self/cgroup")
	if err != nil {
		return place{}, fmt.Errorf("%w: no cgroups (%w)", err, ErrUnsupported)
	}
	info, err := fs.ReadFile(f.fsys, "proc/self/mountinfo")
	if err != nil {
		return place{}, fmt.Errorf("%w: cgroups cannot be found (%w)", err, ErrUnsupported)
	}
	v1, v2, err := parseMembership(membership)
	if err != nil {
		return place{}, err
	}
	mounts, err := parseMountinfo(info)
	if err != nil {
		return place{}, err
	}
	member, mounted := cmp.Or(v1, v2), false
	for _, m := range mounts {
		version, ok := m.controls(v1)
		if !ok {
			continue
		}
		mounted = true
		dir, ok := f.dirIn(m, member)
		if !ok {
			continue
		}
		if _, err := fs.Stat(f.fsys, path.Join(dir, "cgroup.procs")); err == nil {
			return place{version, dir, strings.TrimPrefix(m.point, "/")}, nil
		}
	}
	if !mounted && (member == "" || member == "/") {
		return place{}, fmt.Errorf("no cgroup with a memory controller is mounted (%w)", ErrUnsupported)
	}
	return place{}, fmt.Errorf("%w: /proc/self/cgroup calls it %s, and no mount in /proc/self/mountinfo shows that (%w)", ErrHidden, member, ErrUnsupported)
}

// controls reports whether m is the hierarchy that controls memory, and its version. v1 is the group of the process in
// the v1 hierarchy that does, if there is one.
func (m mount) controls(v1 string) (version int, ok bool) {
	if v1 == "" {
		return 2, m.kind == "cgroup2"
	}
	return 1, m.kind == "cgroup" && slices.Contains(strings.Split(m.super, ","), "memory")
}

// dirIn is the directory of the process under m, and whether m shows it.
//
// A container may see only a part of the hierarchy: the mount begins at its root, and the path of the process is told
// from the very top. In a cgroup namespace both are told from the group in which the namespace began, and a mount that
// is older than it begins above that: at "/..". The names of the groups between are told nowhere then.
func (f *finder) dirIn(m mount, member string) (dir string, ok bool) {
	top := strings.TrimPrefix(m.point, "/")
	rootUps, root := ups(m.root)
	ups, rest := ups(member)
	switch unnamed := rootUps - ups; {
	case unnamed == 0:
		below, ok := strings.CutPrefix(rest, strings.TrimSuffix(root, "/"))
		return path.Join(top, below), ok && (below == "" || below[0] == '/')
	case unnamed < 0 || root != "/": // outside of what is mounted, or beside it
		return "", false
	default:
		dir := f.search(m, member, top, unnamed, rest)
		return dir, dir != ""
	}
}

// ups counts the steps up that a path begins with, and returns what follows them.
func ups(p string) (n int, rest string) {
	for {
		after, ok := strings.CutPrefix(p, "/..")
		if !ok || after != "" && after[0] != '/' {
			return n, cmp.Or(p, "/")
		}
		n, p = n+1, after
	}
}

// search finds the group among those that many levels below top: at rest below one of them, with this process in it.
// It reads a file for each, 15 microseconds, so what it found is kept: groups can't be renamed, nor removed while a
// process is in them. That it found nothing is kept too.
func (f *finder) search(m mount, member, top string, unnamed int, rest string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mount == m && f.member == member && (f.dir == "" || f.isIn(f.dir)) {
		return f.dir
	}
	f.mount, f.member, f.dir = m, member, ""
	level := []string{top}
	for range unnamed {
		var next []string
		for _, dir := range level {
			entries, err := fs.ReadDir(f.fsys, dir)
			if err != nil {
				continue // gone meanwhile, or not for us to read
			}
			for _, e := range entries {
				if e.IsDir() {
					next = append(next, path.Join(dir, e.Name()))
				}
			}
		}
		level = next
	}
	for _, dir := range level {
		if dir = path.Join(dir, rest); f.isIn(dir) {
			f.dir = dir
			break
		}
	}
	return f.dir
}

// isIn reports whether this process is in the group. Of a threaded group the kernel tells the threads only, and the first
// of a process has its number.
func (f *finder) isIn(dir string) bool {
	text, err := fs.ReadFile(f.fsys, path.Join(dir, "cgroup.procs"))
	if err != nil {
		text, err = fs.ReadFile(f.fsys, path.Join(dir, "cgroup.threads"))
	}
	return err == nil && slices.Contains(strings.Fields(string(text)), strconv.Itoa(f.pid))
}
