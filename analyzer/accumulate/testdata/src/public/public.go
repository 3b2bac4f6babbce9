// Package public has shapes of public reports, written anew, with the settings
// a user has.
package public

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

type File struct {
	Path, Hash string
	Size       int64
}

type Bucket struct{ url string }

func (b *Bucket) each(use func(*File) error) error {
	for at := ""; ; {
		resp, err := http.Get(b.url + at)
		if err != nil {
			return err
		}
		var part struct {
			Files []*File
			After string
		}
		err = json.NewDecoder(resp.Body).Decode(&part)
		resp.Body.Close()
		if err != nil {
			return err
		}
		for _, f := range part.Files {
			if err := use(f); err != nil {
				return err
			}
		}
		if at = part.After; at == "" {
			return nil
		}
	}
}

// A callback that collects what a lister fetches.
func (b *Bucket) Files() (all []*File, err error) {
	err = b.each(func(f *File) error {
		all = append(all, f) // want `the callback runs once for every file or item of the walk`
		return nil
	})
	return all, err
}

// The second copy of what a helper gathered.
func (b *Bucket) Large() ([]*File, error) {
	files, err := b.Files()
	if err != nil {
		return nil, err
	}
	var some []*File
	for _, f := range files {
		if f.Size > 1<<20 {
			some = append(some, renamed(f)) // want `a second copy of what b.Files gathered`
		}
	}
	return some, nil
}

func renamed(f *File) *File { g := *f; g.Hash += "!"; return &g }

func load(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f := new(File)
	return f, json.NewDecoder(r).Decode(f)
}

// By index, and only a helper opens.
func Load(dir string) []*File {
	paths, _ := filepath.Glob(dir + "/*")
	list := make([]*File, len(paths))
	var tasks sync.WaitGroup
	for i, p := range paths {
		tasks.Go(func() {
			if f, err := load(p); err == nil {
				list[i] = f // want `every round of the loop reads another item`
			}
		})
	}
	tasks.Wait()
	return list
}

// Bodies that come back through a select.
func Bodies(urls []string, get func(string) ([]byte, error)) (all [][]byte, err error) {
	bodies, failed := make(chan []byte), make(chan error)
	for _, u := range urls {
		go func() {
			b, err := get(u)
			if err != nil {
				failed <- err
				return
			}
			bodies <- b
		}()
	}
	for range urls {
		select {
		case b := <-bodies:
			all = append(all, b) // want `every result of the workers is received first`
		case <-failed:
			return nil, errors.New("failed")
		}
	}
	resp, err := http.Get(urls[0])
	if err == nil {
		resp.Body.Close()
	}
	return all, err
}

// Compressed: somebody expects much.
func Packed(name string) (all []File, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		all = append(all, File{Path: lines.Text()}) // want `the loop runs until the stream ends`
	}
	return all, lines.Err()
}

// From here on nothing is to be said.

// A few lines that somebody keeps by hand.
func byHand(name string) (all []File, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if path, hash, ok := strings.Cut(lines.Text(), " "); ok {
			all = append(all, File{Path: path, Hash: hash})
		}
	}
	return all, lines.Err()
}

// Filled by index from what is there already.
func upper(files []File) []File {
	all := make([]File, len(files))
	for i, f := range files {
		f.Path = strings.ToUpper(f.Path)
		all[i] = f
	}
	return all
}
