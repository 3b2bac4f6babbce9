package wall

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/syncmem/syncmem/internal/procmem"
)

// group is a cgroup that Run made and will remove.
type group struct{ *procmem.Cgroup }

// settings are the files to write, by version. Those that may be absent are
// there only if the kernel accounts for swap.
var settings = [2][]struct {
	file   string
	value  func(limit int64) string
	absent bool // may be
}{
	{
		{"memory.limit_in_bytes", decimal, false},
		{"memory.swappiness", zero, true},
		{"memory.memsw.limit_in_bytes", pageMore, true},
	},
	{
		{"memory.max", decimal, false},
		{"memory.swap.max", zero, true},
		{"memory.oom.group", zero, true}, // kill one process at a time, as v1 does
	},
}

func decimal(limit int64) string { return strconv.FormatInt(limit, 10) }
func zero(int64) string          { return "0" }

// pageMore is for memory and swap together. Were it the limit itself, it would
// be met first, and memory.failcnt would stay 0.
func pageMore(limit int64) string { return decimal(limit + int64(os.Getpagesize())) }

// build makes a cgroup with that limit, as far up as it may.
func build(limit int64) (*group, error) {
	if limit < int64(os.Getpagesize()) {
		return nil, fmt.Errorf("%w: a limit of %d bytes is less than a page", ErrNoCgroup, limit)
	}
	own, err := procmem.OwnCgroup()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCgroup, err)
	}
	var reasons []error
	for _, parent := range lineage(own.Top(), own.Dir()) {
		g, err := makeIn(own.Version(), parent, limit)
		if err == nil {
			return g, nil
		}
		reasons = append(reasons, err)
	}
	return nil, fmt.Errorf("%w: %w", ErrNoCgroup, errors.Join(reasons...))
}

// lineage is every directory from top down to dir.
func lineage(top, dir string) []string {
	all := []string{dir}
	for dir != top && dir != "/" {
		dir = filepath.Dir(dir)
		all = append(all, dir)
	}
	slices.Reverse(all)
	return all
}

// makeIn makes the cgroup in that parent, or leaves nothing behind.
func makeIn(version int, parent string, limit int64) (*group, error) {
	if version == 2 {
		// Best effort: it may be on already, or on and not ours to write.
		// If it is off, the files to set below are missing, and that is told.
		_ = write(filepath.Join(parent, "cgroup.subtree_control"), "+memory")
	}
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("syncmem-wall-%d-", os.Getpid()))
	if err != nil {
		return nil, err
	}
	g := &group{procmem.At(version, dir)}
	for _, s := range settings[version-1] {
		err := write(filepath.Join(dir, s.file), s.value(limit))
		if err != nil && !(s.absent && errors.Is(err, fs.ErrNotExist)) {
			return nil, errors.Join(err, g.remove())
		}
	}
	return g, nil
}

// write writes to a control file that must be there already.
func write(name, value string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// figures fills in what the kernel counted.
func (g *group) figures(res Result) (Result, error) {
	var errs [3]error
	res.PeakBytes, errs[0] = g.Peak()
	if errors.Is(errs[0], procmem.ErrUnsupported) {
		res.PeakBytes, errs[0] = -1, nil
	}
	res.OOMKills, errs[1] = g.OOMKills()
	res.Failcnt, errs[2] = g.Failcnt()
	return res, errors.Join(errs[:]...)
}

// patience bounds the waits below: a killed process is gone in milliseconds
// unless it hangs in the kernel, and then nobody can remove its cgroup.
const patience = 5 * time.Second

// kill ends everything inside, also what is being forked meanwhile. It
// returns when the cgroup is empty, or patience is at its end.
func (g *group) kill() {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(g.Dir(), "cgroup.procs"))
		pids := strings.Fields(string(text))
		if err != nil || len(pids) == 0 {
			return
		}
		for _, p := range pids {
			if pid, err := strconv.Atoi(p); err == nil && pid > 0 {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// remove removes the cgroup. The kernel may call it busy for a moment after
// its last process has ended.
func (g *group) remove() error {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		err := syscall.Rmdir(g.Dir())
		switch {
		case err == nil || errors.Is(err, fs.ErrNotExist):
			return nil
		case time.Now().After(end) || !errors.Is(err, syscall.EBUSY):
			return fmt.Errorf("cgroup %s is left behind, remove it with rmdir: %w", g.Dir(), err)
		}
	}
}
