package procmem

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// SetReadAround says whether the kernel may read the pages around a page of the program's own code that is not in memory:
// as many as the disk's read-ahead has, 128 KiB by default, and up to 8 MiB where the disk is tuned for throughput. It
// holds for the mappings that there are now, of the program and its libraries. It takes some 100 microseconds and needs
// no privilege.
func SetReadAround(on bool) error {
	advice := syscall.MADV_NORMAL
	if !on {
		advice = syscall.MADV_RANDOM
	}
	spans, err := ownPrograms()
	if err != nil {
		return err
	}
	for _, s := range spans {
		if err := s.call("madvise", syscall.SYS_MADVISE, uintptr(advice)); err != nil {
			return err
		}
	}
	return nil
}

// lockOnFault is mlock2(2), of Linux 4.4, which package syscall has no number of.
var lockOnFault = map[string]uintptr{
	"386": 376, "amd64": 325, "arm": 390, "arm64": 284, "loong64": 284, "mips": 4359, "mips64": 5319, "mips64le": 5319,
	"mipsle": 4359, "ppc64": 378, "ppc64le": 378, "riscv64": 284, "s390x": 374,
}

// mlockOnFault is MLOCK_ONFAULT: what is not in memory is not read before it is needed.
const mlockOnFault = 1

// LockCode has the kernel keep the pages of the program's code and constants, and its libraries', that are in memory, and
// each that comes in from now on, if those mappings are no more than most bytes together. It reports whether they are
// locked. Files that the program reads and writes then drop none of its code, which they do otherwise where a cgroup is
// small. It takes some 100 microseconds. It needs CAP_IPC_LOCK, or a limit of locked memory (RLIMIT_MEMLOCK, "ulimit -l") as
// large as the mappings; where it may not, nothing is locked.
func LockCode(most int64) (bool, error) {
	spans, err := ownPrograms()
	if err != nil {
		return false, err
	}
	lock := lockOnFault[runtime.GOARCH]
	if lock == 0 {
		return false, fmt.Errorf("mlock2: %w", ErrUnsupported)
	}
	if constantBytes(spans) > most {
		return false, nil
	}
	for i, s := range spans {
		if s.writable {
			continue
		}
		if err := s.call("mlock2", lock, mlockOnFault); err != nil {
			_ = unlock(spans[:i])
			return false, err
		}
	}
	return true, nil
}

// UnlockCode undoes LockCode: the kernel may drop the program's code again.
func UnlockCode() error {
	spans, err := ownPrograms()
	if err != nil {
		return err
	}
	return unlock(spans)
}

func unlock(spans []programSpan) error {
	for _, s := range spans {
		if s.writable {
			continue
		}
		if err := s.call("munlock", syscall.SYS_MUNLOCK, 0); err != nil {
			return err
		}
	}
	return nil
}

// ownPrograms finds the mappings of this process.
func ownPrograms() ([]programSpan, error) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil, fmt.Errorf("%w: is /proc mounted? (%w)", err, ErrUnsupported)
	}
	return programs(maps)
}

// call does a system call on the span.
func (s span) call(name string, number, third uintptr) error {
	if _, _, errno := syscall.Syscall(number, uintptr(s.from), uintptr(s.to-s.from), third); errno != 0 {
		return fmt.Errorf("%s: %w (%w)", name, errno, ErrUnsupported)
	}
	return nil
}
