//go:build !linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/syncmem/syncmem/internal/procmem/wall"
)

// runBehindWall needs Linux.
func runBehindWall(context.Context, *options) error {
	return failed(fmt.Errorf("--cgroup: %w: cgroups are Linux's and this is %s; without --cgroup the run is judged by what the Go runtime says", wall.ErrNoCgroup, runtime.GOOS))
}

// endWithParent needs Linux: elsewhere a child whose parent was killed goes on to its end.
func endWithParent(*exec.Cmd) {}
