//go:build !linux

package wall

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
)

// Run needs Linux. It runs nothing and returns [ErrNoCgroup].
func Run(_ context.Context, _ int64, _ *exec.Cmd, _ ...Change) (Result, error) {
	return Result{}, fmt.Errorf("%w: this is %s, cgroups are Linux's", ErrNoCgroup, runtime.GOOS)
}

// Fresh is for [Run], which there is not.
func Fresh(string) (path string, remove func(), err error) {
	_, err = Run(context.Background(), 0, nil)
	return "", nil, err
}
