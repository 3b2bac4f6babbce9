package procmem

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// HugePagesAlways reports whether the kernel makes transparent huge pages of whatever memory it can, which is the
// default of most distributions' kernels. It reads one file.
func HugePagesAlways() bool {
	mode, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	return err == nil && strings.Contains(string(mode), "[always]")
}

// prSetTHPDisable is PR_SET_THP_DISABLE of prctl(2).
const prSetTHPDisable = 41

// SetHugePages says whether this process, and what it starts from now on, may get transparent huge pages where the
// kernel makes them. Those that there are stay. It takes a microsecond and needs no privilege, but a container may forbid
// it.
func SetHugePages(on bool) error {
	var disable uintptr
	if !on {
		disable = 1
	}
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, prSetTHPDisable, disable, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("prctl(PR_SET_THP_DISABLE): %w (%w)", errno, ErrUnsupported)
	}
	return nil
}
