package rpm

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/scale"
	"github.com/syncmem/syncmem/contentmodel/internal/shared"
	"github.com/syncmem/syncmem/contentmodel/internal/spare"
	"github.com/syncmem/syncmem/contentmodel/internal/xmlread"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// primary reads primary.xml, one package at a time.
type primary struct {
	name      string
	x         *xmlread.Reader
	left      *spare.Units
	weight    *scale.Scale
	without   int   // packages that were left out
	said      int64 // how many packages the document says it has; -1 if it does not
	withFiles bool  // take the files that are named here

	files  fileReader
	deps   dependencies
	entry  [5][]byte // the values of a dependency
	common *shared.Strings
}

func newPrimary(s *source.Stream, left *spare.Units, weight *scale.Scale, kept *shared.Kept) (*primary, error) {
	p := &primary{common: shared.NewStrings(kept), left: left, weight: weight, files: fileReader{weight: weight}, name: s.Name(), x: xmlread.New(s.Name(), remedy, s), said: -1}
	if err := p.x.Root("metadata"); err != nil {
		return nil, err
	}
	return p, attrs(p.x, func(name, value []byte) error {
		if string(name) == "packages" {
			if n, err := number(value); err == nil { // what is said here is of no use to us
				p.said = n
			}
		}
		return nil
	})
}

// next reads one package; nil at the end of the document.
func (p *primary) next() (*Package, error) {
	for {
		name, err := p.x.Child()
		switch {
		case err != nil:
			return nil, err
		case name == nil:
			return nil, p.x.End()
		case string(name) == "package":
			pkg := new(Package)
			p.weight.Begin()
			depth := p.x.Depth()
			if err = p.read(pkg); err == nil {
				return pkg, nil
			}
			if err = p.skip(pkg, depth, err); err != nil {
				return nil, err
			}
			continue
		}
		if err := p.x.Skip(); err != nil {
			return nil, err
		}
	}
}

// skip leaves out a package that can't be used, if that is allowed. What
// filelists and other have of it is then theirs alone.
func (p *primary) skip(pkg *Package, depth int, err error) error {
	if p.weight.Err() != nil {
		return stopped(p.x, pkg, err)
	}
	if p.x.Broken() {
		return err
	}
	if in, ok := errors.AsType[*contentmodel.InputError](err); ok && pkg.Name != "" {
		in.Err = fmt.Errorf("%w, in the package %.80q", in.Err, pkg.Name)
	}
	if !p.left.Use(err) {
		return err
	}
	p.without++
	p.deps.finish() // what it had of a list
	p.files.b.List()
	return p.x.Leave(depth)
}

// stopped is an error of Options.Building, with its place. It is no fault of the
// input's, and so no InputError.
func stopped(x *xmlread.Reader, pkg *Package, err error) error {
	return fmt.Errorf("%s: while the package %.80q was read: %w", x.Place(), pkg.Name, err)
}

// read reads the package that was just opened.
func (p *primary) read(pkg *Package) error {
	for {
		name, err := p.x.Child()
		if err != nil {
			return err
		}
		if name == nil {
			break
		}
		if err := p.child(pkg, name); err != nil {
			return err
		}
	}
	if p.withFiles {
		p.weight.Done(p.files.b.Bytes())
		pkg.Files = p.files.b.List()
	}
	switch {
	case pkg.Name == "":
		return p.x.Wrong("a package has no name")
	case pkg.PkgID == "":
		return p.x.Wrong("has no checksum")
	case pkg.LocationHref == "":
		return p.x.Wrong("has no location")
	}
	return nil
}

// child reads one element of a package.
func (p *primary) child(pkg *Package, name []byte) (err error) {
	switch string(name) {
	case "name":
		return p.text(&pkg.Name)
	case "arch":
		return p.shared(pkg, &pkg.Arch)
	case "version":
		err = attrs(p.x, func(name, value []byte) error {
			switch string(name) {
			case "epoch":
				p.share(pkg, &pkg.Epoch, value)
			case "ver":
				pkg.Version = string(value)
			case "rel":
				pkg.Release = string(value)
			}
			return nil
		})
	case "checksum":
		pkg.PkgID, err = readChecksum(p.x)
		return err
	case "summary":
		return p.text(&pkg.Summary)
	case "description":
		return p.text(&pkg.Description)
	case "packager":
		return p.shared(pkg, &pkg.Packager)
	case "url":
		return p.text(&pkg.URL)
	case "time":
		err = p.numbers("file", &pkg.TimeFile, "build", &pkg.TimeBuild, "", nil)
	case "size":
		err = p.numbers("package", &pkg.SizePackage, "installed", &pkg.SizeInstalled, "archive", &pkg.SizeArchive)
	case "location":
		err = readLocation(p.x, &pkg.LocationHref, &pkg.LocationBase)
	case "format":
		return p.format(pkg)
	}
	if err != nil {
		return err
	}
	return p.x.Skip()
}

// format reads what the packages of RPM have beside those of others.
func (p *primary) format(pkg *Package) error {
	for {
		name, err := p.x.Child()
		if err == nil && name != nil {
			err = p.formatChild(pkg, name)
		}
		if name == nil || err != nil {
			return err
		}
	}
}

func (p *primary) formatChild(pkg *Package, name []byte) error {
	switch string(name) {
	case "license":
		return p.shared(pkg, &pkg.License)
	case "vendor":
		return p.shared(pkg, &pkg.Vendor)
	case "group":
		return p.shared(pkg, &pkg.Group)
	case "buildhost":
		return p.shared(pkg, &pkg.BuildHost)
	case "sourcerpm":
		return p.text(&pkg.SourceRPM)
	case "header-range":
		if err := p.numbers("start", &pkg.HeaderStart, "end", &pkg.HeaderEnd, "", nil); err != nil {
			return err
		}
	case "requires":
		return p.dependencies(&pkg.Requires)
	case "provides":
		return p.dependencies(&pkg.Provides)
	case "conflicts":
		return p.dependencies(&pkg.Conflicts)
	case "obsoletes":
		return p.dependencies(&pkg.Obsoletes)
	case "suggests":
		return p.dependencies(&pkg.Suggests)
	case "enhances":
		return p.dependencies(&pkg.Enhances)
	case "recommends":
		return p.dependencies(&pkg.Recommends)
	case "supplements":
		return p.dependencies(&pkg.Supplements)
	case "file":
		if p.withFiles {
			return p.files.child(p.x, name)
		}
	}
	return p.x.Skip()
}

// text reads the text of the element that is open.
func (p *primary) text(to *string) error {
	text, err := p.x.Text()
	*to = string(text)
	p.weight.Done(int64(len(text)))
	return cmp.Or(err, p.weight.At(0))
}

// shared is text, of a field that many packages have the same value in.
func (p *primary) shared(pkg *Package, to *string) error {
	text, err := p.x.Text()
	p.share(pkg, to, text)
	return err
}

func (p *primary) share(pkg *Package, to *string, value []byte) {
	s, ok := p.common.Of(value)
	if !ok {
		pkg.own += shared.Own(len(s))
	}
	*to = s
}

// numbers reads up to three attributes that are numbers.
func (p *primary) numbers(a string, toA *int64, b string, toB *int64, c string, toC *int64) error {
	return attrs(p.x, func(name, value []byte) (err error) {
		switch string(name) {
		case a:
			*toA, err = number(value)
		case b:
			*toB, err = number(value)
		case c:
			*toC, err = number(value)
		}
		return err
	})
}

var errNumber = errors.New("is no number")

func number(b []byte) (int64, error) {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.80q %w", b, errNumber)
	}
	return n, nil
}

// dependencies reads the <entry>s of one of the eight lists.
func (p *primary) dependencies(to *Dependencies) error {
	for {
		name, err := p.x.Child()
		if err != nil {
			return err
		}
		if name == nil {
			p.weight.Done(p.deps.pack.Bytes())
			*to = p.deps.finish()
			return nil
		}
		if string(name) == "entry" {
			if err := p.dependency(); err != nil {
				return err
			}
		}
		if err := p.x.Skip(); err != nil {
			return err
		}
	}
}

func (p *primary) dependency() error {
	e := &p.entry
	for i := range e {
		e[i] = e[i][:0]
	}
	pre := false
	for {
		name, value, err := p.x.Attr()
		if err != nil {
			return err
		}
		if name == nil {
			break
		}
		switch string(name) {
		case "name":
			e[0] = append(e[0], value...)
		case "flags":
			e[1] = append(e[1], value...)
		case "epoch":
			e[2] = append(e[2], value...)
		case "ver":
			e[3] = append(e[3], value...)
		case "rel":
			e[4] = append(e[4], value...)
		case "pre":
			pre = string(value) != "0" && !strings.EqualFold(string(value), "false")
		}
	}
	addDependency(&p.deps, e[0], e[1], e[2], e[3], e[4], pre)
	return p.weight.At(p.deps.pack.Bytes())
}

var _ contentmodel.Unit = (*Package)(nil)
