//go:build !linux

package procmem

import (
	"fmt"
	"runtime"
)

// statusFile does not exist on this system; only its errors do.
type statusFile struct{}

func openStatus() (*statusFile, error) {
	return nil, fmt.Errorf("resident anonymous memory needs Linux's /proc, this is %s: %w", runtime.GOOS, ErrUnsupported)
}

func (*statusFile) read() (Sample, error) { return Sample{}, ErrUnsupported }
func (*statusFile) close()                {}

// ResetHighWater needs Linux; it returns [ErrUnsupported].
func ResetHighWater() error {
	return fmt.Errorf("a high-water mark that can be reset needs Linux, this is %s: %w", runtime.GOOS, ErrUnsupported)
}
