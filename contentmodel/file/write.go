package file

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ManifestName is what a manifest is called.
const ManifestName = "PULP_MANIFEST"

// Writer writes a manifest, line by line. It belongs to one goroutine.
type Writer struct {
	f   *os.File
	w   *bufio.Writer
	buf []byte
}

// NewWriter begins dir/PULP_MANIFEST, and makes the directory if there is none.
func NewWriter(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, ManifestName))
	if err != nil {
		return nil, err
	}
	return &Writer{f: f, w: bufio.NewWriter(f)}, nil
}

// Write writes one line. A path that a line can't have is an error, and nothing is written.
func (w *Writer) Write(f *File) error {
	if strings.TrimSpace(f.Path) != f.Path || strings.HasPrefix(f.Path, "#") || strings.ContainsAny(f.Path, "\r\n\x00") {
		return fmt.Errorf("%q can't be in a manifest: a path has no line breaks, no spaces around it, and no # before it", f.Path)
	}
	w.buf = append(append(w.buf[:0], f.Path...), ',')
	w.buf, _ = f.SHA256.AppendText(w.buf) // it never fails
	w.buf = append(strconv.AppendInt(append(w.buf, ','), f.Size, 10), '\n')
	_, err := w.w.Write(w.buf)
	return err
}

// Close ends the manifest.
func (w *Writer) Close() error { return errors.Join(w.w.Flush(), w.f.Close()) }
