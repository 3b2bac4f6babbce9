package record

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/filelock"
)

// started is about when the process was: packages are initialised first thing.
var started = time.Now()

func newHeader(o Options) header {
	host, _ := os.Hostname() // without one, the rest still says enough
	return header{
		ID: rand.Int64(), Size: o.Size, Every: o.Every, PID: int64(os.Getpid()), Command: filepath.Base(os.Args[0]), Host: host,
		GoVersion: runtime.Version(), Started: started, Opened: time.Now(),
	}
}

// Patience with a file that somebody has locked: a reader does so for a moment.
const (
	tries    = 10
	patience = 10 * time.Millisecond
)

// errMoved says that the name stands for another file by now.
var errMoved = errors.New("it was replaced again and again while it was opened")

// create opens path for writing, alone, and makes it a record without frames.
func create(path string, h *header, log *slog.Logger) (f *os.File, err error) {
	if err := regular(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for range tries {
		f, err = takeOver(path, log)
		if err == nil {
			return f, allocate(f, path, h)
		}
		if !errors.Is(err, filelock.ErrLocked) && !errors.Is(err, errMoved) {
			return nil, err
		}
		time.Sleep(patience)
	}
	if errors.Is(err, filelock.ErrLocked) {
		return nil, fmt.Errorf("%s is %w: %s writes to it; name another file for this one", path, ErrInUse, writerOf(path))
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}

// regular refuses what is no plain file: opening a pipe could wait for ever.
func regular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no plain file; name one", path)
	}
	return err
}

// writerOf is who writes to a file, as far as that says so.
func writerOf(path string) string {
	if f, err := os.Open(path); err == nil {
		defer f.Close()
		if h, err := readHeader(f); err == nil {
			return fmt.Sprintf("%s, pid %d,", h.Command, h.PID)
		}
	}
	return "another process"
}

// takeOver opens and locks path, and empties it or moves aside what must not be lost. The lock goes with the file
// and not with its name, so who has it looks whether the name still stands for that file.
func takeOver(path string, log *slog.Logger) (*os.File, error) {
	f, err := filelock.Open(path)
	if err != nil {
		return nil, err
	}
	err = errMoved
	if sameFile(f, path) {
		err = clearOut(f, path, log)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func sameFile(f *os.File, path string) bool {
	mine, err := f.Stat()
	named, err2 := os.Stat(path)
	return err == nil && err2 == nil && os.SameFile(mine, named)
}

// clearOut makes room for a new record in f. What a process left that could not close it is renamed while f is
// locked, so that no two processes do it; errMoved asks for the file to be opened afresh then.
func clearOut(f *os.File, path string, log *slog.Logger) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return nil
	}
	old, err := read(f, path)
	if errors.Is(err, ErrNotRecord) {
		return fmt.Errorf("%s is %w and is left as it is; name a file that is not there yet", path, ErrNotRecord)
	}
	if err == nil && (old.Ended == Clean || len(old.Samples)+len(old.Events) == 0) {
		return f.Truncate(0)
	}
	kept := path + ".1"
	if err := os.Rename(path, kept); err != nil {
		return fmt.Errorf("%w: the record of a process that was killed can't be moved aside", err)
	}
	log.Warn("memacct: the last process that recorded here did not end by itself; its record is kept: syncbench record "+kept, "file", kept)
	return errMoved
}

// allocate writes the header and zeros up to the full size, so that a full disk is found out now. What was made
// is removed if it is.
func allocate(f *os.File, path string, h *header) error {
	_, err := f.WriteAt(h.encode(), 0)
	for at := int64(headerSize); at < h.Size && err == nil; at += int64(len(blank)) {
		_, err = f.WriteAt(blank[:min(int64(len(blank)), h.Size-at)], at)
	}
	if err == nil {
		return nil
	}
	f.Close()
	os.Remove(path)
	return fmt.Errorf("%w: a record takes %s; make room, or name a file elsewhere", err, bytesize.Format(h.Size))
}

// body reads the size bytes after the header; fewer if the file has fewer.
func body(f io.ReaderAt, size int64) ([]byte, error) {
	p := make([]byte, size-headerSize)
	n, err := f.ReadAt(p, headerSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return p[:n], nil
}
