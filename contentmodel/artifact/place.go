package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ErrUnsafe says that metadata names what must not be opened: something outside of the repository, or of another scheme.
var ErrUnsafe = errors.New("unsafe name")

// place is where an artifact may be had: below a mirror, or at a URL of its own.
type place struct {
	site *site
	url  *url.URL // nil for a file
	dir  string   // else the root, and path below it
	path string
}

// name is the place in messages, without credentials and queries, which may be keys.
func (p place) name() string {
	if p.url == nil {
		return filepath.Join(p.dir, filepath.FromSlash(p.path))
	}
	return (&url.URL{Scheme: p.url.Scheme, Host: p.url.Host, Path: p.url.Path}).String()
}

// places are where an artifact may be had, in the order in which they are tried.
func (d *Downloader) places(path string) ([]place, error) {
	if strings.Contains(path, "://") {
		p, err := d.absolute(path)
		return []place{p}, err
	}
	clean, err := below(path)
	if err != nil {
		return nil, err
	}
	if len(d.sites) == 0 {
		return nil, errors.New("there is no mirror to fetch it from")
	}
	var all []place
	for _, s := range d.sites {
		all = append(all, s.place(clean))
	}
	return all, nil
}

func (s *site) place(path string) place {
	if s.url == nil {
		return place{site: s, dir: s.dir, path: path}
	}
	u := *s.url
	u.Path = strings.TrimRight(u.Path, "/") + "/" + path
	return place{site: s, url: &u}
}

// absolute is the place of an artifact whose metadata has the whole URL. The credentials of a mirror go with it only to the very
// server of that mirror. A file is allowed only below the root of a local mirror: metadata must not read this machine's files.
func (d *Downloader) absolute(address string) (place, error) {
	u, err := url.Parse(address)
	if err != nil {
		return place{}, fmt.Errorf("%w: its URL can't be read", ErrUnsafe) // the cause would repeat it
	}
	switch {
	case u.Scheme == "file":
		for _, s := range d.sites {
			if rel, err := filepath.Rel(s.dir, filepath.FromSlash(u.Path)); s.url == nil && err == nil && filepath.IsLocal(rel) {
				return place{site: s, dir: s.dir, path: filepath.ToSlash(rel)}, nil
			}
		}
		return place{}, fmt.Errorf("%w: a file that is below no mirror", ErrUnsafe)
	case u.Scheme != "http" && u.Scheme != "https":
		return place{}, fmt.Errorf("%w: the scheme %q is none of http, https and file", ErrUnsafe, u.Scheme)
	case u.Host == "":
		return place{}, fmt.Errorf("%w: the URL has no host", ErrUnsafe)
	}
	u.User, u.Fragment = nil, ""
	for _, s := range d.sites {
		if s.url != nil && origin(s.url) == origin(u) {
			return place{site: s, url: u}, nil
		}
	}
	return place{site: d.anyone, url: u}, nil
}

// below is a name without what says nothing, or an error if it may lead out of its root, be it only after a server has undone
// percent signs, once or several times.
func below(name string) (string, error) {
	for decoded := name; ; {
		switch {
		case strings.ContainsAny(decoded, "\\\x00\r\n"):
			return "", fmt.Errorf("%w: it has a backslash, a NUL or a line break", ErrUnsafe)
		case strings.HasPrefix(decoded, "/"):
			return "", fmt.Errorf("%w: it begins with a slash", ErrUnsafe)
		case slices.Contains(strings.Split(decoded, "/"), ".."):
			return "", fmt.Errorf("%w: it leads out of the repository", ErrUnsafe)
		case path.Clean(decoded) == "." || strings.HasSuffix(decoded, "/"):
			return "", fmt.Errorf("%w: it names no file", ErrUnsafe)
		}
		next, err := url.PathUnescape(decoded)
		if err != nil || next == decoded {
			return path.Clean(name), nil
		}
		decoded = next
	}
}

// openLocal opens a file below a root, also where symbolic links are in the way: those that lead out of it are errors.
func openLocal(dir, path string) (*os.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, cause(err)
	}
	defer root.Close()
	info, err := root.Stat(filepath.FromSlash(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: no such file", ErrNotFound)
	case err != nil:
		return nil, cause(err)
	case !info.Mode().IsRegular(): // opening a pipe would wait
		return nil, errors.New("is no regular file")
	}
	f, err := root.Open(filepath.FromSlash(path))
	return f, cause(err)
}
