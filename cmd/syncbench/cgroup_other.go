//go:build !linux

package main

import (
	"context"
	"fmt"
	"runtime"
)

// runBehindWall needs Linux.
func runBehindWall(context.Context, *options) error {
	return failed(fmt.Errorf("--cgroup: cgroups are Linux's and this is %s; without --cgroup the run is judged by what the Go runtime says", runtime.GOOS))
}
