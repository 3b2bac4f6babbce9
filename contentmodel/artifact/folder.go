package artifact

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
)

// DefaultInFlight is the bound of [FolderOptions.InFlight] where none is given: 4 GiB.
const DefaultInFlight = 4 << 30

// FolderOptions are for a folder. The zero value is ready.
type FolderOptions struct {
	// InFlight is how many bytes may be in temporary files at once, by this Folder; 0 is DefaultInFlight. An artifact
	// that is larger is admitted when it is alone. One of unknown size counts what it has grown to, so those that are
	// there already may go past it.
	InFlight int64
}

// Folder keeps artifacts on disk by their checksum, below type/aa/rest, such as sha256/9f/86d0...: each once, however many
// units have it. What is there is whole and was verified; it was synced before it got its name, so that a power failure does not
// change that. Several processes may share a folder. It is safe for concurrent use.
type Folder struct {
	dir    string
	mine   *owner
	flight flight
	made   atomic.Int64 // temporary files
}

// Open opens a folder, and makes it if it is not there. Temporary files that killed processes left are removed. The caller must
// Close it.
func Open(dir string, o FolderOptions) (*Folder, error) {
	f := &Folder{dir: dir, flight: flight{bound: cmp.Or(o.InFlight, DefaultInFlight)}}
	if o.InFlight < 0 {
		return nil, folderError(dir, fmt.Errorf("InFlight is %d bytes", o.InFlight), "give a positive number, or 0 for the default")
	}
	if err := os.MkdirAll(filepath.Join(dir, tmpName), 0o777); err != nil {
		return nil, diskError(dir, err)
	}
	mine, err := own(filepath.Join(dir, tmpName), rand.Text())
	if err != nil {
		return nil, diskError(dir, err)
	}
	f.mine = mine
	return f, nil
}

// Close gives up the folder, whose writers must be closed. What is in it stays.
func (f *Folder) Close() error { return f.mine.close() }

// Path is where the artifact with the checksum is, if it is there; empty for what is no checksum.
func (f *Folder) Path(sum contentmodel.Checksum) string {
	if sum.Type() == "" {
		return ""
	}
	hex := sum.String()
	return filepath.Join(f.dir, sum.Type(), hex[:2], hex[2:])
}

// Has reports whether the artifact is there, with that size; a negative size is any. It looks at the name and does not read the
// bytes.
func (f *Folder) Has(sum contentmodel.Checksum, size int64) (bool, error) {
	if sum.Type() == "" {
		return false, nil
	}
	info, err := os.Lstat(f.Path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, diskError(f.dir, err)
	}
	return info.Mode().IsRegular() && (size < 0 || info.Size() == size), nil
}

// size is how many bytes an artifact has that is there.
func (f *Folder) size(sum contentmodel.Checksum) (int64, error) {
	info, err := os.Stat(f.Path(sum))
	if err != nil {
		return 0, diskError(f.dir, err)
	}
	return info.Size(), nil
}

// Open opens an artifact for reading. One that is not there is fs.ErrNotExist.
func (f *Folder) Open(sum contentmodel.Checksum) (*os.File, error) {
	if sum.Type() == "" {
		return nil, folderError(f.dir, fmt.Errorf("no artifact: %w", fs.ErrNotExist), "give the checksum of one")
	}
	file, err := os.Open(f.Path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, folderError(f.dir, fmt.Errorf("has no artifact with the %s %s: %w", sum.Type(), sum, fs.ErrNotExist), "fetch it first")
	}
	if err != nil {
		return nil, diskError(f.dir, err)
	}
	return file, nil
}

// Create begins an artifact. sum is the declared checksum, empty if there is none, and size how many bytes it has, negative where
// that is not known. It waits until there is room in flight, or ctx is done. The caller must Close the writer.
func (f *Folder) Create(ctx context.Context, sum contentmodel.Checksum, size int64) (*Writer, error) {
	if sum != "" && sum.Type() == "" {
		return nil, folderError(f.dir, fmt.Errorf("%d bytes are no checksum of a known type", len(sum)), "check the metadata")
	}
	lease, err := f.flight.acquire(ctx, max(0, size))
	if err != nil {
		return nil, err
	}
	name := filepath.Join(f.dir, tmpName, fmt.Sprintf("%s-%d%s", f.mine.id, f.made.Add(1), partSuffix))
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		lease.release()
		return nil, diskError(f.dir, err)
	}
	return newWriter(f, file, lease, sum, size), nil
}

// keep gives a temporary file that is whole and synced its final name.
func (f *Folder) keep(tmp string, sum contentmodel.Checksum) error {
	to := f.Path(sum)
	if err := makeDirs(f.dir, filepath.Dir(to)); err != nil {
		return err
	}
	if err := os.Rename(tmp, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// makeDirs makes the folders between root and dir, and has each that is new survive a power failure.
func makeDirs(root, dir string) error {
	if dir == root {
		return nil
	}
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := makeDirs(root, filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// syncDir has the names in a folder survive a power failure. Windows has no such call, and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
