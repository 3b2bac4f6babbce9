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

// SetReadAround says whether the kernel may read the pages around a page of the program's own code that is not in memory:
// as many as the disk's read-ahead has, 128 KiB by default, and up to 8 MiB where the disk is tuned for throughput. It
// holds for the mappings that there are now, of the program and its libraries. It takes some 100 microseconds and needs
// no privilege.
func SetReadAround(on bool) error {
	advice := syscall.MADV_NORMAL
	if !on {
		advice = syscall.MADV_RANDOM
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return fmt.Errorf("%w: is /proc mounted? (%w)", err, ErrUnsupported)
	}
	spans, err := programs(maps)
	if err != nil {
		return err
	}
	for _, s := range spans {
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, uintptr(s.from), uintptr(s.to-s.from), uintptr(advice)); errno != 0 {
			return fmt.Errorf("madvise: %w (%w)", errno, ErrUnsupported)
		}
	}
	return nil
}
