package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// runner runs the bench.
type runner struct{ bin, source string }

// outcome is a run: what the program's JSON says, in bytes, and what the kernel says about the process.
type outcome struct {
	Verdict string  `json:"verdict"`
	Error   string  `json:"error"`
	Seconds float64 `json:"seconds"`
	PerSec  float64 `json:"units_per_second"`
	Anon    *int64  `json:"peak_rss_anon_bytes"`
	Kills   *int64  `json:"oom_kills"`
	Failcnt *int64  `json:"cgroup_failcnt"`
	Limiter uint64  `json:"gc_limiter_cycle"`

	cpu float64 // user and system time, in seconds
}

// patience ends a run that hangs: swapping its own code in and out, it may never end by itself.
const patience = 20 * time.Minute

// run runs the bench once. A limit that was broken is an outcome; an error is a run that gave no figures.
func (r runner) run(args ...string) (o outcome, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, r.bin, append([]string{"run", "--quiet", "--json=-", "--source=" + r.source}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	err = cmd.Run()
	if strings.Contains(said.String(), "no memory cgroup could be made") {
		return o, errNotProved
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return o, fmt.Errorf("%s: %w; build it first", r.bin, err)
	}
	if ctx.Err() != nil {
		return outcome{Verdict: "failed", Error: fmt.Sprintf("hung: stopped after %v", patience)}, nil
	}
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		return o, fmt.Errorf("%s %s: no result: %s", r.bin, strings.Join(cmd.Args[1:], " "), strings.TrimSpace(said.String()))
	}
	o.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return o, nil
}
