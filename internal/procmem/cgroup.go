package procmem

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// NoLimit is the limit of a cgroup that has none.
const NoLimit int64 = math.MaxInt64

// Cgroup is the memory cgroup of a process, v1 or v2. Its methods read a file
// of the kernel each; they may be called at once, but not with ResetPeak or
// Close.
type Cgroup struct {
	place
	fsys fs.FS    // over "/"
	peak *os.File // v2: the peak since a reset belongs to the file that asked for it
}

// ErrHidden is wrapped, with [ErrUnsupported], where there is a memory cgroup but no way to its files: this process may
// have a limit that it can't see.
var ErrHidden = errors.New("the files of this process's memory cgroup are not to be seen")

// ownFinder finds the cgroup of this process.
var ownFinder = &finder{fsys: os.DirFS("/"), pid: os.Getpid()}

// OwnCgroup is the one this process runs in. Close it after use. The error
// wraps [ErrUnsupported] where there are no cgroups or none controls memory,
// and [ErrHidden] where its files can't be seen from here. It takes some 300
// microseconds, and may be called at once from many goroutines.
func OwnCgroup() (*Cgroup, error) { return ownFinder.find() }

func (f *finder) find() (*Cgroup, error) {
	p, err := f.locate()
	if err != nil {
		return nil, fmt.Errorf("memory cgroup: %w", err)
	}
	return &Cgroup{place: p, fsys: f.fsys}, nil
}

// At is the cgroup in that directory, such as /sys/fs/cgroup/memory/mine;
// version is 1 or 2.
func At(version int, dir string) *Cgroup {
	d := strings.TrimPrefix(path.Clean(dir), "/")
	return &Cgroup{place: place{version, d, d}, fsys: os.DirFS("/")}
}

// Version is 1 or 2.
func (c *Cgroup) Version() int { return c.version }

// Dir is the directory with its files.
func (c *Cgroup) Dir() string { return "/" + c.dir }

// Top is the directory where its hierarchy is mounted: the uppermost cgroup
// this process can see.
func (c *Cgroup) Top() string { return "/" + c.top }

// figure says where each version keeps a number: the file, and the key in it
// unless the number is all there is.
type figure struct{ file, key string }

// The figures of v1 and v2, in that order.
var (
	limitFigure    = [2]figure{{"memory.limit_in_bytes", ""}, {"memory.max", ""}}
	peakFigure     = [2]figure{{"memory.max_usage_in_bytes", ""}, {"memory.peak", ""}}
	usageFigure    = [2]figure{{"memory.usage_in_bytes", ""}, {"memory.current", ""}}
	oomKillsFigure = [2]figure{{"memory.oom_control", "oom_kill"}, {"memory.events", "oom_kill"}}
	failcntFigure  = [2]figure{{"memory.failcnt", ""}, {"memory.events", "max"}}
)

// Limit is the least of its own limit and those of the groups above it, in
// bytes, or [NoLimit].
func (c *Cgroup) Limit() (int64, error) {
	least := NoLimit
	f := limitFigure[c.version-1]
	for dir := c.dir; ; dir = path.Dir(dir) {
		n, err := c.readIn(dir, f)
		switch {
		case err == nil:
			least = min(least, n)
		case !errors.Is(err, fs.ErrNotExist): // the root of v2 has no such file
			return 0, err
		}
		if dir == c.top || dir == "." {
			return least, nil
		}
	}
}

// Peak is the most bytes that were charged at once since the group was made,
// or since ResetPeak. Page cache counts, although the kernel would have given
// it up: a peak at the limit alone is no proof that the limit was felt.
func (c *Cgroup) Peak() (int64, error) {
	if c.peak != nil {
		var buf [32]byte
		n, _ := c.peak.ReadAt(buf[:], 0)
		return parseNumber(string(buf[:n]))
	}
	return c.read(peakFigure)
}

// Usage is the bytes charged now.
func (c *Cgroup) Usage() (int64, error) { return c.read(usageFigure) }

// OOMKills is how many processes of the group the kernel has killed because
// the group was over its limit.
func (c *Cgroup) OOMKills() (int64, error) { return c.read(oomKillsFigure) }

// Failcnt is how often a charge met the limit, and the kernel had to reclaim
// or kill. Above 0 it means that the limit was felt, not that it was broken.
func (c *Cgroup) Failcnt() (int64, error) { return c.read(failcntFigure) }

// ResetPeak begins the peak anew. v1 resets it for everyone, v2 (since Linux
// 6.12) for this Cgroup only. Where it may not, the error wraps
// [ErrUnsupported], and Peak stays that of the whole life of the group.
func (c *Cgroup) ResetPeak() error {
	name := path.Join(c.Dir(), peakFigure[c.version-1].file)
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err == nil {
		if _, err = f.WriteString("0"); err == nil && c.version == 2 {
			c.Close()
			c.peak = f
			return nil
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("%w: the peak stays that of the whole life of the cgroup (%w)", err, ErrUnsupported)
	}
	return nil
}

// Close gives up what ResetPeak opened. The kernel's cgroup stays.
func (c *Cgroup) Close() error {
	f := c.peak
	c.peak = nil
	if f == nil {
		return nil
	}
	return f.Close()
}

func (c *Cgroup) read(f [2]figure) (int64, error) {
	n, err := c.readIn(c.dir, f[c.version-1])
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w (%w by this kernel, or at the root)", err, ErrUnsupported)
	}
	return n, err
}

func (c *Cgroup) readIn(dir string, f figure) (int64, error) {
	name := path.Join(dir, f.file)
	text, err := fs.ReadFile(c.fsys, name)
	if err != nil {
		return 0, err
	}
	value := string(text)
	if f.key != "" {
		if value, err = lookup(value, f.key); err != nil {
			return 0, fmt.Errorf("/%s: %w", name, err)
		}
	}
	n, err := parseNumber(value)
	if err != nil {
		return 0, fmt.Errorf("/%s: %w", name, err)
	}
	return n, nil
}

// lookup finds the value in a file of "key value" lines.
func lookup(text, key string) (string, error) {
	for line := range strings.Lines(text) {
		if k, v, _ := strings.Cut(line, " "); k == key {
			return v, nil
		}
	}
	return "", fmt.Errorf("no line %q (%w by this kernel)", key, ErrUnsupported)
}

// parseNumber reads a number of a cgroup file. v2 writes "max" for no limit,
// v1 the largest multiple of its page size.
func parseNumber(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if text == "max" {
		return NoLimit, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("not a number: %q", text)
	}
	const unlimited = 1 << 62
	if n >= unlimited {
		return NoLimit, nil
	}
	return int64(n), nil
}
