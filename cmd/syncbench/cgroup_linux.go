package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem/wall"
)

// runBehindWall runs the same command line again, without --cgroup, in a memory cgroup of the limit's size.
// The child prints the result; where the kernel killed it, this process does, from what the kernel says.
func runBehindWall(ctx context.Context, o *options) error {
	if err := o.findLimit(); err != nil { // the child would find the wall
		return failed(err)
	}
	if o.then.limit > o.limitN {
		return fmt.Errorf("--resize %s is above --limit: with --cgroup it may only fall, for a limit that was given as an amount stays what it is; leave out --cgroup", o.resize)
	}
	if _, err := o.account(); err != nil { // the child might be killed before it could say so
		return refused(ctx, o, err)
	}
	if o.store == "" { // one that a killed child leaves behind
		name, remove, err := temporaryStore()
		if err != nil {
			return failed(err)
		}
		defer remove()
		o.store = name
	}
	cmd, remove, err := childCommand(ctx, o)
	if err != nil {
		return failed(err)
	}
	defer remove()
	// The wall itself never ends the child: that ends by the signal it gets, so that it can say what was saved.
	began := time.Now()
	res, err := wall.Run(context.WithoutCancel(ctx), o.limitN, cmd, o.changes()...)
	switch {
	case res.OOMKills > 0: // whatever else went wrong
		return killed(ctx, o, res)
	case ctx.Err() != nil && err != nil:
		return &codedError{exitInterrupted, errors.New("interrupted: nothing was run")}
	case errors.Is(err, wall.ErrNoCgroup):
		asRoot := ""
		if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
			asRoot = "as root, or "
		}
		return failed(fmt.Errorf("--cgroup: %w; run it %swithout --cgroup: the verdict rests on its resident memory then", err, asRoot))
	case err != nil:
		return failed(err)
	case res.Signal != 0:
		return failed(fmt.Errorf("the run behind the wall was ended by signal %d (%v)", res.Signal, res.Signal))
	}
	if res.ExitCode == exitHeld || res.ExitCode == exitBroken || res.ExitCode == exitRegressed {
		o.sayLate(time.Since(began))
		sayWall(o, res)
	}
	if res.ExitCode != exitHeld {
		return &codedError{res.ExitCode, errSaid}
	}
	return nil
}

// refused is the result of a run that did not begin, because its limit is too small.
func refused(ctx context.Context, o *options, err error) error {
	out, bad := openOutput(o.json, o.out)
	if bad != nil {
		return failed(bad)
	}
	return out.deliver(newFailure(ctx, o, err))
}

// changes are those of the wall.
func (o *options) changes() []wall.Change {
	if o.then.limit == 0 {
		return nil
	}
	return []wall.Change{{After: o.then.after, Limit: o.then.limit}}
}

// childCommand is the child, a fresh copy of this program: so its code is charged to the cgroup as well, as in
// a container of its own. It has a process group of its own, so that a Ctrl-C on the terminal reaches it
// once, through this process: a second one would end it at once. It does not outlive this process, which
// holds only as long as the thread that starts it lives.
func childCommand(ctx context.Context, o *options) (cmd *exec.Cmd, remove func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	remove = func() {}
	if o.mode == modeBytes {
		// A control is not charged for its code: its killing may take minutes then, for the kernel drops that code
		// again and again before it gives up. It is killed although it gets the more room.
		if self, remove, err = wall.Fresh(self); err != nil {
			return nil, nil, fmt.Errorf("--cgroup: no copy of this program could be made, to be run inside: %w; make room in $TMPDIR", err)
		}
	}
	runtime.LockOSThread()
	cmd = exec.CommandContext(ctx, self, append([]string{"run"}, o.args()...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopPatience
	return cmd, remove, nil
}

// endWithParent has a child asked to end when the thread that begins it has ended, and with it this process: so that what it
// made goes with it.
func endWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }

// killed is the verdict on a child that can't give one any more.
func killed(ctx context.Context, o *options, res wall.Result) error {
	out, err := openOutput(o.json, o.out)
	if err != nil {
		return failed(err)
	}
	sayWall(o, res)
	r := newFailure(ctx, o, nil)
	r.PeakCgroup, r.OOMKills, r.CgroupFailcnt = &res.PeakBytes, &res.OOMKills, &res.Failcnt
	r.judge()
	r.Error = "killed by the kernel: out of the cgroup's memory"
	if o.json != "-" {
		fmt.Printf("verdict  BROKEN: killed by the kernel at %s (%s)\n", bytesize.Format(o.limitN), o.limitFrom)
	}
	o.sayRecord()
	return out.deliver(r)
}

// sayWall says what the kernel counted.
func sayWall(o *options, res wall.Result) {
	fmt.Fprintf(os.Stderr, "cgroup v%d of %s: peak %s, oom_kill %d, limit met %d times\n",
		res.Version, bytesize.Format(o.limitN), bytesize.Format(res.PeakBytes), res.OOMKills, res.Failcnt)
}
