// Package tempdir makes temporary directories that do not outlive the programs that made them for long: what one that was
// killed left behind is removed by the next.
package tempdir

import (
	"errors"
	"os"
	"path/filepath"
)

// lockName is the file by which a directory is known to be of this package, and locked for as long as it is in use. It has
// that name only once it is locked, so that there is no moment in which a new directory seems left behind.
const lockName = ".syncmem-lock"

// Make makes a directory where the system has such, whose name begins with prefix, and returns how to remove it with all
// that is in it. Before, it removes those of that prefix whose program has ended; one that is not of this package is
// never touched. Where a system has no locks that end with a process nothing is removed but by remove.
func Make(prefix string) (dir string, remove func(), err error) {
	removeLeft(prefix)
	if dir, err = os.MkdirTemp("", prefix); err != nil {
		return "", nil, err
	}
	lock, err := hold(dir)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, func() {
		lock.Close() // first: Windows removes no open file
		os.RemoveAll(dir)
	}, nil
}

// hold locks a new directory. Where there are no locks it is not marked as ours, so that nobody takes it for left behind.
func hold(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.Create(path + ".new")
	if err != nil {
		return nil, err
	}
	if tryLock(f) {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		f.Close()
	}
	return f, err
}

// removeLeft removes what nobody holds any more. What can't be removed is left to the next, or to whoever may.
func removeLeft(prefix string) {
	all, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*", lockName)) // a prefix of ours has no special letters
	for _, path := range all {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if tryLock(f) {
			os.RemoveAll(filepath.Dir(path))
		}
		f.Close()
	}
}
