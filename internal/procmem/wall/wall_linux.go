package wall

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// placed is the script that puts a command behind the wall: the shell moves
// itself into the cgroup and then becomes the command, which so never owns a
// page outside. A process that is moved after its start keeps what it has
// charged elsewhere (v1), and clone-into-cgroup is for v2 only.
const placed = `echo $$ > "$0" || exit 125; exec "$@"`

// notPlaced is the exit code of the script when the move failed.
const notPlaced = 125

// Run runs cmd with at most limit bytes of memory for it and all it starts,
// swap included, and waits for all of them to end. It changes cmd's Path and
// Args to go through /bin/sh; the rest of cmd stays as it is. When ctx ends,
// everything behind the wall is killed, and Run returns the cause.
//
// That the command failed, or was killed, is no error: the Result has it. An
// error that wraps [ErrNoCgroup] means that nothing was run. The cgroup is
// removed before Run returns, in every case.
//
// The changes come into force while the command runs. Cgroup v1 refuses a limit
// below what is in use and can't be reclaimed, where v2 kills: it is tried
// again until it is in force. One that never was is an error beside the Result.
func Run(ctx context.Context, limit int64, cmd *exec.Cmd, changes ...Change) (res Result, err error) {
	if cmd.Err != nil {
		return Result{}, cmd.Err // the command was not found
	}
	g, err := build(limit)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, g.remove()) }()
	changed := g.change(changes)
	err = g.run(ctx, cmd)
	refused := changed()
	if err != nil {
		return Result{}, err
	}
	res = Result{Version: g.Version(), ExitCode: cmd.ProcessState.ExitCode()}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		res.Signal = status.Signal()
	}
	if res, err = g.figures(res); err != nil {
		return res, err
	}
	if res.ExitCode == notPlaced && res.PeakBytes == 0 {
		return res, fmt.Errorf("%w: the command could not be moved into %s", ErrNoCgroup, g.Dir())
	}
	return res, errors.Join(context.Cause(ctx), refused)
}

// again is how soon a limit that the kernel refused is tried again.
const again = 100 * time.Millisecond

// change changes the limit at the times that are given, which must ascend, until end is called. That returns the errors.
func (g *group) change(changes []Change) (end func() error) {
	began, stop, refused := time.Now(), make(chan struct{}), make(chan error, 1)
	go func() {
		var all []error
		defer func() { refused <- errors.Join(all...) }()
		for _, c := range changes {
			var err error
			for wait := c.After - time.Since(began); ; wait = again {
				select {
				case <-time.After(wait):
				case <-stop:
					if err != nil {
						all = append(all, fmt.Errorf("%w: more than that was in use to the end; change it earlier, or to more", err))
					}
					return
				}
				if err = g.limitTo(c.Limit); !errors.Is(err, unix.EBUSY) {
					break
				}
			}
			all = append(all, err)
		}
	}()
	return func() error {
		close(stop)
		return <-refused
	}
}

// run starts cmd inside and waits until it and all it started are gone.
func (g *group) run(ctx context.Context, cmd *exec.Cmd) error {
	cmd.Args = append([]string{"sh", "-c", placed, filepath.Join(g.Dir(), "cgroup.procs"), cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		cmd.Process.Kill() // it may not be inside yet
		g.kill()
	})
	defer stop()
	// What the command left running would keep the cgroup alive, the figures
	// moving, and Wait waiting for the end of its output: so it has to go
	// between the command's end and Wait.
	awaitEnd(cmd.Process.Pid)
	g.kill()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) || ctx.Err() != nil {
		return nil
	}
	return err
}

// awaitEnd returns when the child has ended, and leaves it to be waited for.
func awaitEnd(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}
