package filelock

import (
	"errors"
	"os"
	"syscall"
)

// errSharing is ERROR_SHARING_VIOLATION: somebody has the file open in a way that excludes ours.
const errSharing = syscall.Errno(32)

// Works says whether Open can fail with ErrLocked.
const Works = true

// Open opens or makes a file so that others may read and rename it, but not open it for writing.
func Open(path string) (*os.File, error) {
	f, err := openFor(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ|syscall.FILE_SHARE_DELETE, syscall.OPEN_ALWAYS)
	if errors.Is(err, errSharing) {
		return nil, ErrLocked
	}
	return f, err
}

// Held reports whether a live process has f open for writing: then nobody else can.
func Held(f *os.File) bool {
	other, err := openFor(f.Name(), syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ|syscall.FILE_SHARE_WRITE|syscall.FILE_SHARE_DELETE, syscall.OPEN_EXISTING)
	if err == nil {
		other.Close()
	}
	return errors.Is(err, errSharing)
}

func openFor(path string, access, share, how uint32) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	h, err := syscall.CreateFile(name, access, share, nil, how, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}
