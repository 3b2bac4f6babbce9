package npm

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Writer writes packuments, as a registry has them: a file a package, named
// after it, which a plain HTTP server of the directory serves to npm. Versions
// of a package follow each other; the last one is its "latest". It holds one
// version at a time, and belongs to one goroutine.
type Writer struct {
	dir    string
	f      *os.File // nil between packages
	w      *bufio.Writer
	name   string
	latest string
	seen   map[string]bool // versions of the package
	err    error
}

// NewWriter makes the directory, if there is none.
func NewWriter(dir string) (*Writer, error) {
	return &Writer{dir: dir}, os.MkdirAll(dir, 0o755)
}

// Write writes one version: its manifest as it is, which must be of it. A
// package that comes again after another is an error, as its file is ended.
func (w *Writer) Write(v *Version) error {
	if w.err != nil {
		return w.err
	}
	if v.Version == "" || !json.Valid(v.Manifest) {
		return fmt.Errorf("npm: %q has no version, or no manifest that is JSON", v.Key())
	}
	if w.f == nil || v.Name != w.name {
		if w.err = cmp.Or(w.end(), w.begin(v.Name)); w.err != nil {
			return w.err
		}
	} else {
		w.raw(",\n")
	}
	if w.seen[v.Version] {
		w.err = fmt.Errorf("npm: %s is there twice", v.Key())
		return w.err
	}
	w.seen[v.Version] = true
	w.text(v.Version)
	w.raw(":")
	_, _ = w.w.Write(v.Manifest) // errors show at the end
	w.latest = v.Version
	return nil
}

// begin makes the file of a package. Its name becomes a path, and so must not
// lead out of the directory.
func (w *Writer) begin(name string) error {
	scope, rest, scoped := strings.Cut(name, "/")
	if scoped && (scope[:min(1, len(scope))] != "@" || len(scope) == 1) || !scoped && name == "" ||
		strings.ContainsAny(rest, `/\`) || strings.Contains(scope, `\`) || strings.HasPrefix(name, ".") || scoped && (rest == "" || rest[0] == '.') {
		return fmt.Errorf("npm: %q can't be the name of a package", name)
	}
	at := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	w.f, w.w, w.name, w.seen = f, bufio.NewWriterSize(f, 32<<10), name, make(map[string]bool)
	w.raw(`{"name":`)
	w.text(name)
	w.raw(`,"versions":{` + "\n")
	return nil
}

func (w *Writer) raw(s string) { _, _ = w.w.WriteString(s) }

func (w *Writer) text(s string) {
	b, _ := json.Marshal(s) // of a string it never fails
	_, _ = w.w.Write(b)
}

// end ends the file of the package before.
func (w *Writer) end() error {
	if w.f == nil {
		return nil
	}
	w.raw("\n" + `},"dist-tags":{"latest":`)
	w.text(w.latest)
	w.raw("}}\n")
	err := cmp.Or(w.w.Flush(), w.f.Close())
	w.f = nil
	return err
}

// Close ends the last packument.
func (w *Writer) Close() error {
	err := w.err
	if err == nil {
		err = w.end()
	} else if w.f != nil {
		_ = w.f.Close()
	}
	w.err = cmp.Or(err, errors.New("npm: the writer is closed"))
	return err
}
