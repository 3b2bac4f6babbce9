package procmem

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
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

// locate finds the memory cgroup of this process. On a hybrid system, where
// the v2 hierarchy is mounted too, v1 has the memory controller, and its line
// in /proc/self/cgroup says so.
func locate(fsys fs.FS) (place, error) {
	membership, err := fs.ReadFile(fsys, "proc/self/cgroup")
	if err != nil {
		return place{}, fmt.Errorf("%w: no cgroups (%w)", err, ErrUnsupported)
	}
	info, err := fs.ReadFile(fsys, "proc/self/mountinfo")
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
	for _, m := range mounts {
		p, ok := m.placeOf(v1, v2)
		if !ok {
			continue
		}
		if _, err := fs.Stat(fsys, path.Join(p.dir, "cgroup.procs")); err == nil {
			return p, nil
		}
	}
	return place{}, fmt.Errorf("no cgroup with a memory controller is mounted for this process (%w)", ErrUnsupported)
}

// placeOf is the directory of the process under m, if m is the hierarchy that
// controls memory and shows it.
func (m mount) placeOf(v1, v2 string) (place, bool) {
	version, member := 1, v1
	switch {
	case v1 == "" && m.kind == "cgroup2":
		version, member = 2, v2
	case v1 == "" || m.kind != "cgroup" || !slices.Contains(strings.Split(m.super, ","), "memory"):
		return place{}, false
	}
	// A container may see only a part of the hierarchy: the mount begins at
	// root, and the path of the process is told from the very top.
	below, ok := strings.CutPrefix(member, strings.TrimSuffix(m.root, "/"))
	if !ok || below != "" && below[0] != '/' || slices.Contains(strings.Split(member, "/"), "..") {
		return place{}, false // another part of it, or outside of our namespace
	}
	top := strings.TrimPrefix(m.point, "/")
	return place{version, path.Join(top, below), top}, true
}
