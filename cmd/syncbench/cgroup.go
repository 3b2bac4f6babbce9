package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem/wall"
)

// runBehindWall runs the same command line again, without --cgroup, in a memory cgroup of the limit's size.
// The child prints the result; where the kernel killed it, this process does, from what the kernel says.
func runBehindWall(_ context.Context, o *options) error {
	self, err := os.Executable()
	if err != nil {
		return &codedError{exitFailed, err}
	}
	cmd := exec.Command(self, append([]string{"run", "--cgroup=false"}, o.args()...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	forward := forwardSignals(cmd)
	defer forward()
	// The child ends by the signal it gets itself, so that it can say what was saved; the wall must not kill it.
	res, err := wall.Run(context.Background(), o.limitN, cmd)
	if err != nil {
		if errors.Is(err, wall.ErrNoCgroup) {
			err = fmt.Errorf("--cgroup: %w; without --cgroup the run is judged by sampling its resident memory", err)
		}
		return &codedError{exitFailed, err}
	}
	fmt.Fprintf(os.Stderr, "cgroup v%d of %s: peak %s, oom_kill %d, limit met %d times\n",
		res.Version, bytesize.Format(o.limitN), bytesize.Format(res.PeakBytes), res.OOMKills, res.Failcnt)
	switch {
	case res.OOMKills > 0:
		return killed(o, res)
	case res.Signal != 0:
		return &codedError{exitFailed, fmt.Errorf("ended by signal %d (%v)", res.Signal, res.Signal)}
	case res.ExitCode != 0:
		return &codedError{res.ExitCode, errSaid}
	}
	return nil
}

// killed is the verdict on a child that can't give one any more.
func killed(o *options, res wall.Result) error {
	r := &result{
		Schema: schema, Verdict: verdictBroken, Source: o.source, Mode: o.mode, Limit: o.limitN,
		Error: "killed by the kernel: out of the cgroup's memory", PeakCgroup: &res.PeakBytes, OOMKills: &res.OOMKills, Env: environment(),
	}
	if o.json == "-" {
		if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
			return &codedError{exitFailed, err}
		}
	} else {
		fmt.Printf("verdict  BROKEN: killed by the kernel at %s\n", bytesize.Format(o.limitN))
		if o.json != "" {
			if err := r.save(o.json); err != nil {
				return &codedError{exitFailed, err}
			}
		}
	}
	return &codedError{exitBroken, errSaid}
}

// args are the flags of run again, for a child.
func (o *options) args() []string {
	jsonPath := o.json
	if jsonPath != "" && jsonPath != "-" {
		if abs, err := filepath.Abs(jsonPath); err == nil {
			jsonPath = abs
		}
	}
	a := []string{
		"--source", o.source, "--limit", o.limit, "--mode", o.mode, "--batch", fmt.Sprint(o.batch),
		"--store", o.store, "--overrun", o.overrun, "--json", jsonPath, "--stall-timeout", o.stall.String(),
		fmt.Sprintf("--quiet=%t", o.quiet),
	}
	if o.mode != modeNone {
		a = append(a, "--depth", fmt.Sprint(o.depth))
	}
	return a
}

// forwardSignals passes SIGTERM on to the child. A Ctrl-C reaches it from the terminal already.
func forwardSignals(cmd *exec.Cmd) (stop func()) {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-got:
			if cmd.Process != nil {
				_ = cmd.Process.Signal(s)
			}
		case <-done:
		}
	}()
	return func() {
		signal.Stop(got)
		close(done)
	}
}
