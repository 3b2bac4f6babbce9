package rpm

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// Options are for [Open]. The zero value is ready.
type Options struct {
	// Source bounds every file that is read. Its Expect is set here, and Ahead,
	// so that decompressing takes another processor.
	Source source.Options
	// Note is told what is odd but does not stop a sync: a repository without
	// filelists, say. It is called by the goroutine that reads. Nil drops it.
	Note func(string)
	// SkipBad is how many packages may be left out because of what primary,
	// filelists or other say of them: a number that is none, say, or nothing
	// at all. Each is told to Note; one more is the error that it would have
	// been. XML that is broken always is one.
	SkipBad int
	// Building is told what the package weighs that Packages is reading, in
	// bytes, for every 32 KiB that it comes to have: memory can be asked for
	// before it is taken, and most packages are never told of. It is called by
	// the goroutine that reads. An error ends the sequence: it is wrapped, with
	// the place and the package. Nil drops it.
	//
	// With a budget of package memacct it is the Weighs of what Gate.Building
	// returns, or the Building of an Out of package pipeline.
	Building func(bytes int64) error
	// Kept is told how many bytes Packages keeps beside the package that it is at:
	// of the strings that packages share, and of the places of lists that wait in
	// the temporary file. It is called by the goroutine that reads, for every 32
	// KiB more, and with 0 at the end. Nil drops it. With a budget of package
	// memacct it is the Set of a Hold.
	Kept func(bytes int64)
	// TempDir is where metadata in different orders is kept while it is read;
	// empty for the system's own.
	TempDir string
}

// Repository is an RPM repository whose repomd.xml was read. Its methods may
// be called at any time, from any goroutine.
type Repository struct {
	opt     Options
	name    string
	repomd  string // its name, for messages
	root    string // path or URL of the directory that repodata is in
	query   string // of the URL, for every file
	records []Record
	streams [parts]atomic.Pointer[source.Stream] // of the Packages that began last
}

// The metadata that is read together.
const (
	primaryPart = iota
	filelistsPart
	otherPart
	parts
)

var partNames = [parts]string{"primary", "filelists", "other"}

// Open reads the repomd.xml of the repository at location, and nothing else.
// The location is a path or an http(s) URL: of the directory that has a
// repodata in it, of that one, or of the repomd.xml itself.
//
// Errors are [*contentmodel.InputError] and name the file.
func Open(ctx context.Context, location string, o Options) (*Repository, error) {
	if o.Note == nil {
		o.Note = func(string) {}
	}
	r := &Repository{opt: o, root: location}
	if u, err := url.Parse(location); err == nil && u.Host != "" {
		r.query, u.RawQuery = u.RawQuery, ""
		r.root = u.String()
	}
	for _, end := range []string{"/", "/repomd.xml", "/repodata"} {
		r.root = strings.TrimSuffix(r.root, end)
	}
	opt := o.Source
	opt.Expect = source.Expect{}
	s, err := source.Open(ctx, r.locate("repodata/repomd.xml", ""), opt)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r.repomd = s.Name()
	r.name, _, _ = strings.Cut(s.Name(), "/repodata/repomd.xml")
	if r.records, err = readRepomd(s); err != nil {
		return nil, err
	}
	return r, nil
}

// Name is the path or URL of the repository, without its password.
func (r *Repository) Name() string { return r.name }

// Root is the path or URL of the directory that the paths of artifacts begin
// at, with the password and the query that Open was given: it is not to be
// shown.
func (r *Repository) Root() string {
	if r.query != "" {
		return r.root + "?" + r.query
	}
	return r.root
}

// Records is what repomd.xml names, in its order.
func (r *Repository) Records() []Record { return append([]Record(nil), r.records...) }

// Progress is how many bytes of metadata the Packages that began last has
// read, as stored, and how many there are, -1 if that is not known. It costs a
// few atomic loads.
func (r *Repository) Progress() (read, total int64) {
	for i, kind := range partNames {
		rec, ok, _ := best(r.records, kind)
		s := r.streams[i].Load()
		if s == nil {
			if ok && total >= 0 {
				total += rec.Size
			}
			continue
		}
		n, all := s.Progress()
		read += n
		if all < 0 {
			all = rec.Size
		}
		if all == 0 || total < 0 {
			total = -1
			continue
		}
		total += all
	}
	return read, total
}

// locate is the address of a file of the repository.
func (r *Repository) locate(href, base string) string {
	if strings.Contains(href, "://") {
		return href
	}
	root := r.root
	switch {
	case strings.Contains(base, "://"):
		root = strings.TrimSuffix(base, "/")
	case base != "":
		href = path.Join(base, href)
	}
	if !strings.Contains(root, "://") {
		return filepath.Join(root, filepath.FromSlash(href))
	}
	at := root + "/" + (&url.URL{Path: href}).EscapedPath()
	if r.query != "" && root == r.root {
		at += "?" + r.query
	}
	return at
}

// open opens the file of a record as a stream that turns out to be what the
// record says, or fails.
func (r *Repository) open(ctx context.Context, rec Record) (*source.Stream, error) {
	at := r.locate(rec.Href, rec.Base)
	if u, err := url.Parse(at); err == nil && u.Scheme == "file" && strings.Contains(r.root, "://") {
		err := fmt.Errorf("names %s, which is on this machine and not on the server", at)
		return nil, &contentmodel.InputError{Name: r.repomd, Err: err, Remedy: "ask who runs the repository for metadata that is there"}
	}
	opt := r.opt.Source
	opt.Ahead = true
	opt.Expect = source.Expect{
		Size: rec.Size, Checksum: rec.Checksum, OpenSize: rec.OpenSize, OpenChecksum: rec.OpenChecksum, By: "repomd.xml",
	}
	return source.Open(ctx, at, opt)
}

// part opens one of the three files; nil if the repository has none.
func (r *Repository) part(ctx context.Context, i int) (*source.Stream, error) {
	rec, ok, err := best(r.records, partNames[i])
	if err != nil {
		return nil, &contentmodel.InputError{Name: r.repomd, Err: err, Remedy: "ask who runs the repository for metadata as .gz or .zst"}
	}
	if !ok && i == primaryPart {
		return nil, &contentmodel.InputError{Name: r.repomd, Err: errors.New("names no primary, so there are no packages"), Remedy: remedy}
	}
	if !ok {
		r.opt.Note(fmt.Sprintf("%s names no %s: packages are read without", r.repomd, partNames[i]))
		return nil, nil
	}
	return r.open(ctx, rec)
}
