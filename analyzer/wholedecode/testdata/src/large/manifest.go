package large

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"
)

// A file of an archive is no response, and its name tells.

type Manifest []Item

func openFile(r io.Reader, name string) (io.ReadCloser, error) {
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if err != nil {
			return nil, fmt.Errorf("file %s: %w", name, err)
		}
		if h.Name == name {
			return io.NopCloser(tr), nil
		}
	}
}

func LoadManifest(open func() (io.ReadCloser, error)) (m Manifest, err error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := openFile(r, "manifest.json")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return m, json.NewDecoder(f).Decode(&m)
}
