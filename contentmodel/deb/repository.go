package deb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// RepositoryOptions are for [Open]. The zero value is ready.
type RepositoryOptions struct {
	Options
	// Source bounds every file that is read; its Expect and Ahead are set here.
	Source source.Options
	// Suite is the name below dists, such as "bookworm" or
	// "bookworm-security/updates". Without one the location itself is the
	// directory of the Release.
	Suite string
	// Components and Architectures choose among the indices; empty for all.
	Components, Architectures []string
	// Contents gives the packages the files that the Contents indices list.
	Contents bool
	// TempDir is where Contents are sorted by package, in a file about a fourth
	// as long as they are; empty for the system's own.
	TempDir string
}

// Repository is a suite whose Release was read. Its methods may be called at
// any time, from any goroutine.
type Repository struct {
	opt     RepositoryOptions
	dir     string // path or URL of the directory of the Release
	query   string // of the URL, for every file
	name    string // of the Release, for messages
	release *Release
	stems   []string // the indices of packages to read
	sources []string // and those of source packages
	// The Contents of the packages, if they are wanted, and these together with stems.
	contents, all []string
	reading       atomic.Pointer[[]string] // which of both Progress is about
	read          atomic.Int64
	stream        atomic.Pointer[source.Stream]
}

// Open reads the InRelease or Release of a suite, and nothing else. The
// location is a path or an http(s) URL: of the repository, with the directory
// dists in it, if there is a Suite; else of the directory of the Release. A
// flat repository without a Release is opened, too: its index can't be
// compared with anything then, which is noted.
//
// The signature of an InRelease is not checked. Errors are
// [*contentmodel.InputError] and name the file.
func Open(ctx context.Context, location string, o RepositoryOptions) (*Repository, error) {
	if o.Note == nil {
		o.Note = func(string) {}
	}
	r := &Repository{opt: o, dir: strings.TrimRight(location, "/")}
	if u, err := url.Parse(location); err == nil && u.Host != "" {
		r.query, u.RawQuery = u.RawQuery, ""
		r.dir = strings.TrimRight(u.String(), "/")
	}
	for _, name := range []string{"/InRelease", "/Release"} {
		r.dir = strings.TrimSuffix(r.dir, name)
	}
	if o.Suite != "" {
		r.dir += "/dists/" + strings.Trim(o.Suite, "/")
	}
	var first error
	for _, name := range []string{"InRelease", "Release"} {
		s, err := source.Open(ctx, r.locate(name), o.Source)
		if err != nil {
			if !absent(err) {
				return nil, err
			}
			first = err
			continue
		}
		r.name = s.Name()
		r.release, err = readRelease(s.Name(), s, o.Note)
		_ = s.Close()
		if err != nil {
			return nil, err
		}
		return r, r.choose()
	}
	if o.Suite != "" {
		return nil, first
	}
	r.name = r.dir
	r.release = &Release{files: map[string]*listed{}}
	r.stems = []string{"Packages"}
	o.Note(fmt.Sprintf("%v: the index is read without, and compared with nothing", first))
	return r, nil
}

// Release is what the Release says.
func (r *Repository) Release() *Release { return r.release }

// Name is the path or URL of the Release, without its password.
func (r *Repository) Name() string { return r.name }

// Root is the path or URL of the directory that the paths of artifacts begin
// at: the one that dists is in, and of a flat repository that of the Release.
// It has the password and the query that Open was given, and is not to be shown.
func (r *Repository) Root() string {
	root := r.dir
	switch i := strings.LastIndex(root, "/dists/"); {
	case i > 0:
		root = root[:i]
	case i == 0:
		root = "/"
	case strings.HasPrefix(root, "dists/"):
		root = "."
	}
	if r.query != "" {
		return root + "?" + r.query
	}
	return root
}

// Indices are the names of the indices that Packages reads, in its order,
// without their compression.
func (r *Repository) Indices() []string { return slices.Clone(r.stems) }

// choose finds the indices that were asked for.
func (r *Repository) choose() error {
	met := make(map[string]bool)
	for _, name := range r.release.names {
		list, s := &r.stems, stem(name, packagesIndex)
		if s == "" {
			list, s = &r.sources, stem(name, sourcesIndex)
		}
		component, architecture := place(s)
		if s == "" || slices.Contains(*list, s) || !wanted(r.opt.Components, component) || !wanted(r.opt.Architectures, architecture) {
			continue
		}
		met[component], met[architecture] = true, true
		*list = append(*list, s)
	}
	for _, w := range slices.Concat(r.opt.Components, r.opt.Architectures) {
		if !met[w] {
			return &contentmodel.InputError{
				Name: r.name, Err: fmt.Errorf("lists no index for %q", w),
				Remedy: fmt.Sprintf("it has the components %s and the architectures %s",
					strings.Join(r.release.Components, ", "), strings.Join(r.release.Architectures, ", ")),
			}
		}
	}
	if r.opt.Contents {
		r.chooseContents()
	}
	r.all = slices.Concat(r.contents, r.stems)
	if len(r.stems)+len(r.sources) == 0 {
		return &contentmodel.InputError{Name: r.name, Err: errors.New("lists no index of packages"), Remedy: releaseRemedy}
	}
	return nil
}

// chooseContents finds the Contents that may have files of the packages.
func (r *Repository) chooseContents() {
	for _, name := range r.release.names {
		if s := contentsStem(name); s != "" && anyHas(s, r.stems) && !slices.Contains(r.contents, s) {
			r.contents = append(r.contents, s)
		}
	}
}

func wanted(list []string, s string) bool {
	return len(list) == 0 || s == "" || slices.Contains(list, s)
}

func (r *Repository) locate(name string) string {
	if !strings.Contains(r.dir, "://") {
		return filepath.Join(r.dir, filepath.FromSlash(name))
	}
	at := r.dir + "/" + (&url.URL{Path: name}).EscapedPath()
	if r.query != "" {
		at += "?" + r.query
	}
	return at
}

// absent reports whether a file is not there, as against one that can't be read.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, source.ErrNotFound)
}

// Packages yields the packages of all indices, one index after the other,
// each compared with what the Release says of it while it is read: as with
// [Options.ReadPackages], what came before the error may be wrong. The first
// error ends the sequence. Each range opens the indices anew.
//
// With Contents a package has its Files. Contents indices say nothing of
// versions, so of a name that is there twice each has the same list. They are
// read whole, and compared, before the packages that need them: sorting takes 6
// MiB and a temporary file. Where the Release lists none, or none is there, the
// packages come without files, which is noted.
//
// A package for all architectures is in the index of each, and comes once. To
// tell, 16 bytes are kept of each of them, up to 262,144; what is beyond comes
// as often as it is listed, which is noted.
func (r *Repository) Packages(ctx context.Context) iter.Seq2[*Package, error] {
	return func(yield func(*Package, error) bool) {
		r.begin(&r.all)
		a := r.opt.across()
		defer a.kept.Close()
		once := newOnce(r.opt.Note, a.kept)
		lists := newContents(ctx, r, a)
		defer lists.close()
		for i := range r.stems {
			once.last = i == len(r.stems)-1
			if r.opt.Contents {
				lists.begin(i)
			}
			ok := index(ctx, r, r.stems[i], func(name string, s io.Reader, yield func(*Package, error) bool) {
				r.opt.readPackages(name, s, a, func(p *Package, err error) bool {
					if err == nil && once.met(p, int32(i)) {
						return true
					}
					if err == nil && r.opt.Contents {
						if p.Files, err = lists.of(p, r.stems[i]); err != nil {
							p = nil
						}
					}
					return yield(p, err) && err == nil
				})
			}, yield)
			if !ok {
				return
			}
		}
	}
}

// Sources yields the source packages of all Sources indices, as Packages does
// those that are built of them. There are none where the Release lists no
// such index.
func (r *Repository) Sources(ctx context.Context) iter.Seq2[*Source, error] {
	return func(yield func(*Source, error) bool) {
		r.begin(&r.sources)
		a := r.opt.across()
		defer a.kept.Close()
		for _, stem := range r.sources {
			ok := index(ctx, r, stem, func(name string, s io.Reader, yield func(*Source, error) bool) {
				r.opt.readSources(name, s, a, yield)
			}, yield)
			if !ok {
				return
			}
		}
	}
}

// begin has Progress tell of these indices from now on.
func (r *Repository) begin(stems *[]string) {
	r.read.Store(0)
	r.reading.Store(stems)
}

// index yields the units of one index, and tells whether to go on.
func index[U any](ctx context.Context, r *Repository, stem string, read func(string, io.Reader, func(*U, error) bool), yield func(*U, error) bool) bool {
	stopped := false
	err := readIndex(ctx, r, stem, func(name string, s io.Reader) error {
		units := func(yield func(*U, error) bool) { read(name, s, yield) }
		for u, err := range units {
			if ctx.Err() != nil { // what is read ahead must not outlive a cancel
				u, err = nil, context.Cause(ctx)
			}
			if stopped = !yield(u, err) || err != nil; stopped {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		yield(nil, err)
	}
	return err == nil && !stopped
}

// readIndex opens an index and has it read, which Progress tells of.
func readIndex(ctx context.Context, r *Repository, stem string, read func(name string, s io.Reader) error) error {
	s, err := r.open(ctx, stem)
	if err != nil {
		return err
	}
	defer s.Close()
	before := r.stream.Swap(s)
	defer r.stream.Store(before)
	if err := read(s.Name(), s); err != nil {
		return err
	}
	n, _ := s.Progress()
	r.read.Add(n)
	return nil
}

// open opens an index in the first form that is there: by its checksum, if
// that is possible, and by its name; first as the Release lists it, then as
// it may be there nevertheless.
func (r *Repository) open(ctx context.Context, stem string) (*source.Stream, error) {
	var first error
	plain := r.release.files[stem]
	for _, known := range []bool{true, false} {
		for _, suffix := range suffixes {
			f := r.release.files[stem+suffix]
			if (f != nil) != known || !known && plain == nil && len(r.release.files) > 0 {
				continue
			}
			expect := source.Expect{By: path.Base(r.name)}
			names := []string{stem + suffix}
			if f != nil {
				expect.Size, expect.Checksum = f.size, first2(f.best())
				if sum, field := f.best(); r.release.ByHash && sum != "" {
					names = slices.Insert(names, 0, path.Join(path.Dir(stem), "by-hash", field, sum.String()))
				}
			}
			if plain != nil {
				expect.OpenSize, expect.OpenChecksum = plain.size, first2(plain.best())
			}
			for _, name := range names {
				opt := r.opt.Source
				opt.Expect, opt.Ahead = expect, true
				s, err := source.Open(ctx, r.locate(name), opt)
				if err == nil || !absent(err) {
					return s, err
				}
				if first == nil {
					first = err
				}
			}
		}
	}
	return nil, first
}

func first2[A, B any](a A, _ B) A { return a }

// Progress is how many bytes of its indices the Packages or Sources that began
// last has read, as stored, and how many there are, -1 if that is not known.
func (r *Repository) Progress() (read, total int64) {
	read = r.read.Load()
	if s := r.stream.Load(); s != nil {
		n, _ := s.Progress()
		read += n
	}
	stems := r.stems
	if reading := r.reading.Load(); reading != nil {
		stems = *reading
	}
	for _, stem := range stems {
		i := slices.IndexFunc(suffixes, func(suffix string) bool { return r.release.files[stem+suffix] != nil })
		if i < 0 {
			return read, -1
		}
		total += r.release.files[stem+suffixes[i]].size
	}
	return max(read, 0), max(total, read)
}
