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

	"golang.org/x/sys/unix"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
)

// group is a cgroup that Run made and will remove.
type group struct {
	*procmem.Cgroup
	// handsDown is the parent, where Run had to let it hand the memory controller down, which is to be undone.
	handsDown string
	limit     int64    // in bytes; 0 until there is one
	held      *os.File // its directory, locked as long as this process has it
}

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
	defer alone(parent)()
	removeLeft(parent)
	g := new(group)
	if version == 2 {
		changed, err := handDown(parent)
		if err != nil {
			return nil, err
		}
		if changed {
			g.handsDown = parent
		}
	}
	dir, err := os.MkdirTemp(parent, fmt.Sprintf(prefix+"%d-", os.Getpid()))
	if err != nil {
		return nil, errors.Join(err, g.undo())
	}
	g.Cgroup, g.held = procmem.At(version, dir), tryHold(dir)
	if err := g.limitTo(limit); err != nil {
		return nil, errors.Join(err, g.rmdir(), g.undo())
	}
	return g, nil
}

// limitTo sets the limit. One for memory and swap together is never below that for memory: where it rises it goes first.
func (g *group) limitTo(limit int64) error {
	all := slices.Clone(settings[g.Version()-1])
	if limit > g.limit && g.limit > 0 {
		slices.Reverse(all)
	}
	for _, s := range all {
		err := write(filepath.Join(g.Dir(), s.file), s.value(limit))
		if err != nil && !(s.absent && errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("a limit of %s: %w", bytesize.Format(limit), err)
		}
	}
	g.limit = limit
	return nil
}

// prefix begins the names of walls.
const prefix = "syncmem-wall-"

// tryHold locks a directory for as long as this process lives, or says with nil that another one has.
func tryHold(dir string) *os.File {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	if unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		d.Close()
		return nil
	}
	return d
}

// removeLeft removes walls whose process has ended, by a kill, and could not do it. One with processes in it stays: the
// kernel does not let go of it. Nobody else may make a wall in that parent meanwhile.
func removeLeft(parent string) {
	all, _ := filepath.Glob(filepath.Join(parent, prefix+"*"))
	for _, dir := range all {
		if d := tryHold(dir); d != nil {
			_ = syscall.Rmdir(dir)
			d.Close()
		}
	}
}

// alone has other walls of the same parent wait until it is undone: one that is removed must not take the controller
// from one that was just made. Where that can't be had, nobody waits.
func alone(parent string) (undo func()) {
	d, err := os.Open(parent)
	if err != nil {
		return func() {}
	}
	_ = unix.Flock(int(d.Fd()), unix.LOCK_EX)
	return func() { d.Close() }
}

const (
	controllers    = "cgroup.controllers"
	subtreeControl = "cgroup.subtree_control"
)

// handDown lets the groups below parent have a limit of their own, if they have none yet.
func handDown(parent string) (changed bool, err error) {
	has := func(file string) (bool, error) {
		text, err := os.ReadFile(filepath.Join(parent, file))
		return slices.Contains(strings.Fields(string(text)), "memory"), err
	}
	if on, err := has(subtreeControl); on || err != nil {
		return false, err
	}
	if there, err := has(controllers); !there && err == nil {
		return false, fmt.Errorf("%s: the memory controller is not handed down to it: its parent's %s lacks +memory", parent, subtreeControl)
	}
	err = write(filepath.Join(parent, subtreeControl), "+memory")
	if errors.Is(err, unix.EBUSY) {
		err = fmt.Errorf("%s has processes, and such a group can't hand limits down: move them to a group below it first, "+
			"with mkdir %[1]s/main && for p in $(cat %[1]s/cgroup.procs); do echo $p >%[1]s/main/cgroup.procs; done (%w)", parent, err)
	}
	return err == nil, err
}

// undo has the parent no longer hand the controller down, if it did not before, and unless others use it by now: walls
// like this one, or groups with a limit. Nobody else may make or remove a wall there meanwhile.
func (g *group) undo() error {
	if g.handsDown == "" {
		return nil
	}
	others, err := os.ReadDir(g.handsDown)
	if err != nil {
		return err
	}
	for _, o := range others {
		limit, err := os.ReadFile(filepath.Join(g.handsDown, o.Name(), "memory.max"))
		if err == nil && (strings.HasPrefix(o.Name(), prefix) || strings.TrimSpace(string(limit)) != "max") {
			return nil
		}
	}
	// Busy it is where a group below hands it down further: that needs it.
	if err := write(filepath.Join(g.handsDown, subtreeControl), "-memory"); err != nil && !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("%s hands the memory controller down still: %w", g.handsDown, err)
	}
	return nil
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

// remove removes the cgroup, and leaves everything as it was before.
func (g *group) remove() error {
	defer alone(filepath.Dir(g.Dir()))()
	return errors.Join(g.rmdir(), g.undo())
}

// rmdir removes the directory. The kernel may call it busy for a moment after
// its last process has ended.
func (g *group) rmdir() error {
	defer g.held.Close() // of none it does nothing
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
