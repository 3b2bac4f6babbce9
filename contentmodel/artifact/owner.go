package artifact

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/filelock"
)

// In the folder of temporary files there is, for each Folder that is open anywhere, a file that it has locked, id.lock; its
// temporary files are id-N.part. Whoever comes or goes holds the lock of the whole meanwhile, so nobody is taken for dead
// between making its file and locking it.
const (
	tmpName    = "tmp"
	gateName   = "folder.lock"
	lockSuffix = ".lock"
	partSuffix = ".part"
)

// owner is a Folder that is open.
type owner struct {
	id, tmp string
	lock    *os.File
}

var errBusy = errors.New("another process opens it, and does not end: stop that process, or remove " + tmpName + "/" + gateName)

// own makes an owner, after it has cleaned up behind those who were killed.
func own(tmp, id string) (*owner, error) {
	gate, err := enter(tmp)
	if err != nil {
		return nil, err
	}
	defer gate.Close()
	if err := clean(tmp); err != nil {
		return nil, err
	}
	lock, err := filelock.Open(filepath.Join(tmp, id+lockSuffix))
	return &owner{id, tmp, lock}, err
}

// enter waits its turn, which takes others milliseconds.
func enter(tmp string) (*os.File, error) {
	const patience, pause = 30 * time.Second, 5 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		gate, err := filelock.Open(filepath.Join(tmp, gateName))
		if !errors.Is(err, filelock.ErrLocked) {
			return gate, err
		}
		if waited > patience {
			return nil, errBusy
		}
		time.Sleep(pause)
	}
}

// clean removes what those left who are no more. Where the system can't tell who lives, it leaves everything.
func clean(tmp string) error {
	if !filelock.Works {
		return nil
	}
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return err
	}
	lives := make(map[string]bool)
	for _, e := range entries {
		id, isLock := strings.CutSuffix(e.Name(), lockSuffix)
		if !isLock || e.Name() == gateName {
			continue
		}
		if lives[id] = alive(filepath.Join(tmp, e.Name())); !lives[id] {
			_ = os.Remove(filepath.Join(tmp, e.Name()))
		}
	}
	for _, e := range entries {
		id, _, _ := strings.Cut(e.Name(), "-")
		if strings.HasSuffix(e.Name(), partSuffix) && !lives[id] {
			if err := os.Remove(filepath.Join(tmp, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// alive reports whether the owner of a lock still has it; what can't be told counts as that it does.
func alive(lock string) bool {
	f, err := filelock.Open(lock)
	if err == nil {
		_ = f.Close()
	}
	return err != nil
}

func (o *owner) close() error {
	gate, err := enter(o.tmp)
	if err != nil { // whoever opens the folder next removes the lock
		return errors.Join(err, o.lock.Close())
	}
	defer gate.Close()
	err = o.lock.Close()
	return errors.Join(err, os.Remove(o.lock.Name()))
}
