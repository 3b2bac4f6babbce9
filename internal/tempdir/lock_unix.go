//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package tempdir

import (
	"os"
	"syscall"
)

// tryLock locks a file unless somebody else has. The kernel lets go of the lock when the process ends, by whatever way; a
// child does not inherit it.
func tryLock(f *os.File) bool {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != syscall.EINTR {
			return err == nil
		}
	}
}
