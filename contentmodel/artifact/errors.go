package artifact

import (
	"errors"
	"os"
	"syscall"

	"github.com/syncmem/syncmem/contentmodel"
)

// local is an error of this machine's disk: no other try and no other mirror helps.
type local struct{ error }

func (l local) Unwrap() error { return l.error }

// diskError names the folder, what its disk says, and what to do.
func diskError(dir string, err error) error {
	advice := "check the folder, its permissions and its disk"
	if full(err) {
		advice = "free space where the folder is, or lower InFlight: nothing is half-written, and a new run goes on from what is there"
	}
	return local{folderError(dir, cause(err), advice)}
}

// full reports whether there is no room for more, be it of the disk, of a quota or of a file.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// cause strips what the message says anyway.
func cause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	if le, ok := errors.AsType[*os.LinkError](err); ok {
		return le.Err
	}
	return err
}

func folderError(dir string, err error, advice string) error {
	return &contentmodel.InputError{Name: dir, Err: err, Remedy: advice}
}
