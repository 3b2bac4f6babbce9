package rpm

import (
	"errors"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/packed"
	"github.com/syncmem/syncmem/contentmodel/internal/scale"
	"github.com/syncmem/syncmem/contentmodel/internal/shared"
	"github.com/syncmem/syncmem/contentmodel/internal/spare"
	"github.com/syncmem/syncmem/contentmodel/internal/xmlread"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// badBytes is what is kept of a package whose lists can't be used, about.
const badBytes = 120

// listReader reads one child of a <package> into the list that it builds.
type listReader interface {
	child(x *xmlread.Reader, name []byte) error
	list() packed.List
}

// follower reads filelists or other, in whatever order the packages of
// primary are asked for.
type follower struct {
	name string
	x    *xmlread.Reader
	read listReader
	temp string // a directory

	left   *spare.Units
	bad    map[contentmodel.Checksum]bool // packages whose lists can't be used, and were not asked for yet
	lost   int                            // lists of nobody knows which package
	depth  int                            // of the package that is open
	weight *scale.Scale                   // of the package that is asked for
	kept   *shared.Kept

	at    contentmodel.Checksum // of the package that is open; empty if none is
	ended bool
	spill *spill // nil as long as the orders agree
}

func newFollower(s *source.Stream, root, temp string, left *spare.Units, read listReader, weight *scale.Scale, kept *shared.Kept) (*follower, error) {
	f := &follower{name: s.Name(), x: xmlread.New(s.Name(), remedy, s), read: read, temp: temp, left: left, weight: weight, kept: kept}
	return f, f.x.Root(root)
}

// errLeftOut is of a package whose list can't be used, and that may be left out
// and was counted.
var errLeftOut = errors.New("left out")

// of is the list of package p.
func (f *follower) of(p *Package) (packed.List, error) {
	l, err := f.find(p)
	if err != nil && f.weight.Err() != nil {
		err = stopped(f.x, p, err)
	}
	f.weight.Done(l.Bytes())
	return l, err
}

func (f *follower) find(p *Package) (packed.List, error) {
	if f.spill != nil {
		if l, ok, err := f.spill.take(p.PkgID, f.weight.At); ok || err != nil {
			return l, err
		}
	}
	for {
		if f.bad[p.PkgID] {
			delete(f.bad, p.PkgID)
			return packed.List{}, errLeftOut
		}
		if err := f.open(); err != nil {
			return packed.List{}, err
		}
		if f.ended {
			return packed.List{}, f.missing(p)
		}
		at := f.at
		l, err := f.content()
		if err == errLeftOut {
			continue
		}
		if err != nil || at == p.PkgID {
			return l, err
		}
		if err := f.keep(at, l); err != nil {
			return packed.List{}, err
		}
	}
}

// missing is the error of a package that there is nothing of. One whose list was
// counted when it was met may be this one's.
func (f *follower) missing(p *Package) error {
	err := f.x.Errorf("has nothing of the package %s, which primary has: %s", p.Name, p.PkgID)
	if f.lost > 0 {
		f.lost--
		return errLeftOut
	}
	if f.left.Use(err) {
		return errLeftOut
	}
	return err
}

// skip leaves out the package that is open, if that is allowed.
func (f *follower) skip(err error) error {
	if f.weight.Err() != nil || f.x.Broken() || !f.left.Use(err) {
		return err
	}
	f.read.list() // what it had of it
	return f.x.Leave(f.depth)
}

// keep puts a list aside until it is asked for.
func (f *follower) keep(id contentmodel.Checksum, l packed.List) (err error) {
	if f.spill == nil {
		if f.spill, err = newSpill(f.temp, f.kept); err != nil {
			return err
		}
	}
	return f.spill.put(id, l)
}

// open opens the next package, if none is open; at the end of the document it
// sets ended.
func (f *follower) open() error {
	if f.at != "" || f.ended {
		return nil
	}
	for {
		name, err := f.x.Child()
		switch {
		case err != nil:
			return err
		case name == nil:
			f.ended = true
			return f.x.End()
		case string(name) == "package":
			f.depth = f.x.Depth()
			if f.at, err = f.id(); err == nil {
				return nil
			}
			f.at = ""
			if err := f.skip(err); err != nil {
				return err
			}
			f.lost++
			continue
		}
		if err := f.x.Skip(); err != nil {
			return err
		}
	}
}

// id is the pkgid of the package that was just opened.
func (f *follower) id() (id contentmodel.Checksum, err error) {
	err = attrs(f.x, func(name, value []byte) (err error) {
		if string(name) == "pkgid" {
			id, err = contentmodel.ParseChecksum("", value)
		}
		return err
	})
	if err == nil && id == "" {
		err = f.x.Wrong("a package has no pkgid")
	}
	return id, err
}

// content reads the package that is open to its end.
func (f *follower) content() (packed.List, error) {
	for {
		name, err := f.x.Child()
		if err == nil && name != nil {
			err = f.read.child(f.x, name)
		}
		if err != nil {
			if err = f.skip(err); err != nil {
				return packed.List{}, err
			}
			if f.bad == nil {
				f.bad = make(map[contentmodel.Checksum]bool)
			}
			f.bad[f.at], f.at = true, ""
			f.kept.Add(badBytes)
			return packed.List{}, errLeftOut
		}
		if name == nil {
			f.at = ""
			return f.read.list(), nil
		}
	}
}

// end reads on to the end of the file, and tells how many packages were never
// asked for.
func (f *follower) end() (left int, err error) {
	for {
		if err := f.open(); err != nil {
			return 0, err
		}
		if f.ended {
			break
		}
		if err := f.x.Skip(); err != nil {
			return 0, err
		}
		f.at = ""
		left++
	}
	if f.spill != nil {
		left += f.spill.n
	}
	return left, nil
}

func (f *follower) close() {
	if f.spill != nil {
		f.spill.close()
	}
}

// fileReader reads the <file>s of a package.
type fileReader struct {
	b      FilesBuilder
	weight *scale.Scale
}

func (r *fileReader) list() packed.List { return packed.List(r.b.List()) }

func (r *fileReader) child(x *xmlread.Reader, name []byte) error {
	if string(name) != "file" {
		return x.Skip()
	}
	kind := ""
	for {
		name, value, err := x.Attr()
		if err != nil {
			return err
		}
		if name == nil {
			break
		}
		if string(name) == "type" {
			kind = fileKind(value)
		}
	}
	path, err := x.Text()
	if err != nil {
		return err
	}
	r.b.AddPath(kind, path)
	return r.weight.At(r.b.Bytes())
}

// fileKind is the type of a file, mostly without allocating.
func fileKind(b []byte) string {
	for _, k := range packed.FileKinds {
		if string(b) == k {
			return k
		}
	}
	return string(b)
}

// changelogReader reads the <changelog>s of a package.
type changelogReader struct {
	b      changelogs
	author []byte
	weight *scale.Scale
}

func (r *changelogReader) list() packed.List { return r.b.finish().list }

func (r *changelogReader) child(x *xmlread.Reader, name []byte) error {
	if string(name) != "changelog" {
		return x.Skip()
	}
	var date int64
	r.author = r.author[:0]
	err := attrs(x, func(name, value []byte) (err error) {
		switch string(name) {
		case "author":
			r.author = append(r.author, value...)
		case "date":
			date, err = number(value)
		}
		return err
	})
	if err != nil {
		return err
	}
	text, err := x.Text()
	if err != nil {
		return err
	}
	addChangelog(&r.b, r.author, date, text)
	return r.weight.At(r.b.pack.Bytes())
}
