package wall

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"

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
func Run(ctx context.Context, limit int64, cmd *exec.Cmd) (res Result, err error) {
	if cmd.Err != nil {
		return Result{}, cmd.Err // the command was not found
	}
	g, err := build(limit)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, g.remove()) }()
	if err := g.run(ctx, cmd); err != nil {
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
	return res, context.Cause(ctx)
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
