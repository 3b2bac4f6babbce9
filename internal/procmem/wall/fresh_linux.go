package wall

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/syncmem/syncmem/internal/tempdir"
)

// Fresh copies a program for a run behind a wall and drops the copy from the
// page cache; remove removes it. The kernel charges a page of a file to the
// cgroup that read it first. Whoever built or ran a program so pays for its
// code, tens of MiB, and behind the wall it would be free; in a container of
// its own it is not. On a tmpfs nothing can be dropped, and it stays free.
func Fresh(program string) (path string, remove func(), err error) {
	dir, remove, err := tempdir.Make(prefix)
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, filepath.Base(program))
	if err := copyCold(path, program); err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}

// copyCold copies a file and leaves no page of the copy in memory. Pages can
// be dropped only once they are on the disk.
func copyCold(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), unix.Fadvise(int(out.Fd()), 0, 0, unix.FADV_DONTNEED), out.Close())
}
