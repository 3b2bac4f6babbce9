package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/rpm"
)

// artifactWriter writes the artifacts of units below a folder. What is in them depends on their path alone, so that the
// same units have the same ones.
type artifactWriter struct {
	dir  string
	mean int64 // bytes; each has from 0 to twice as many
}

// write writes the artifact of a unit, and has the unit tell its size and digest.
func (a artifactWriter) write(u contentmodel.Unit) (err error) {
	switch u := u.(type) {
	case *rpm.Package:
		var sum contentmodel.Digest
		sum, u.SizePackage, err = a.file(u.LocationHref)
		u.PkgID = contentmodel.Checksum(sum[:])
	case *deb.Package:
		u.SHA256, u.Size, err = a.file(u.Filename)
	case *file.File:
		u.SHA256, u.Size, err = a.file(u.Path)
	default:
		err = fmt.Errorf("--artifacts: there is no writer of those of %s repositories yet: leave it out", u.Kind())
	}
	return err
}

// file makes the file at a path, in bytes that don't compress.
func (a artifactWriter) file(path string) (sum contentmodel.Digest, size int64, err error) {
	if !fs.ValidPath(path) {
		return sum, 0, fmt.Errorf("artifact %q: the path leaves the repository", path)
	}
	name := filepath.Join(a.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return sum, 0, err
	}
	f, err := os.Create(name)
	if err != nil {
		return sum, 0, err
	}
	seed := sha256.Sum256([]byte(path))
	size = int64(binary.BigEndian.Uint64(seed[:]) % uint64(2*a.mean+1))
	digest := sha256.New()
	_, err = io.CopyN(io.MultiWriter(f, digest), rand.NewChaCha8(seed), size)
	digest.Sum(sum[:0])
	return sum, size, errors.Join(err, f.Close())
}
