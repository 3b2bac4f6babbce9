package deb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/contentmodel/filelist"
	"github.com/syncmem/syncmem/contentmodel/internal/extsort"
	"github.com/syncmem/syncmem/contentmodel/internal/lines"
	"github.com/syncmem/syncmem/contentmodel/internal/spare"
)

const (
	contentsRemedy = "check that it is the Contents index of a repository, and fetch it again"
	// headerLines is how far down the header of a Contents index may end. Old
	// ones have some 30 lines for people, and then FILE and LOCATION.
	headerLines = 1000

	allArchitectures = "all"
)

// contents has the files of packages by what the Contents indices say. Those
// are sorted by path and name packages without a version: each is sorted by
// package into a temporary file when it is first needed, and asked from there.
type contents struct {
	r   *Repository
	ctx context.Context
	*across
	sorted map[string]*extsort.Sorted // by stem; nil for one that is not there

	// The answer before: packages are in an index with several versions.
	name, stem string
	list       filelist.List
	build      filelist.Builder
}

func newContents(ctx context.Context, r *Repository, a *across) *contents {
	return &contents{r: r, ctx: ctx, across: a, sorted: make(map[string]*extsort.Sorted)}
}

func (c *contents) close() {
	for _, s := range c.sorted {
		if s != nil {
			s.Close()
		}
	}
}

// contentsStems are the Contents indices that may have the files of a package,
// by where its index is. Those of Debian are below a component; older ones, and
// Ubuntu's, are of all components. Some have the packages for all architectures
// in each.
func contentsStems(index, architecture string) []string {
	component, of := place(index)
	begin := "Contents-"
	if dir, ok := strings.CutSuffix(component, "/debian-installer"); ok {
		component, begin = dir, "Contents-udeb-"
	}
	var all []string
	for _, a := range []string{architecture, of} {
		if a == "" || a != architecture && architecture != allArchitectures {
			continue
		}
		for _, dir := range []string{component, ""} {
			if s := path.Join(dir, begin+a); !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// mayHave reports whether a Contents index may have files of packages in an index.
func mayHave(contents, index string) bool {
	_, architecture := place(index)
	if architecture == "" { // of a flat repository, which may have any
		return path.Dir(contents) == "."
	}
	return slices.Contains(contentsStems(index, architecture), contents) || slices.Contains(contentsStems(index, allArchitectures), contents)
}

// anyHas is mayHave for any of the indices.
func anyHas(contents string, indices []string) bool {
	return slices.ContainsFunc(indices, func(index string) bool { return mayHave(contents, index) })
}

// of is the files of a package that is in an index. It is empty where no
// Contents has any.
func (c *contents) of(p *Package, index string) (filelist.List, error) {
	for _, stem := range contentsStems(index, p.Architecture) {
		if stem == c.stem && p.Package == c.name {
			return c.list, nil
		}
		s, err := c.load(stem)
		if err != nil {
			return filelist.List{}, err
		}
		if s == nil {
			continue
		}
		found, err := s.Find(p.Package, func(path []byte) {
			if c.weight.Err() == nil { // else it is over
				c.build.AddPath("", path)
				_ = c.weight.At(c.build.Bytes())
			}
		})
		if stop := c.weight.Err(); stop != nil {
			return filelist.List{}, fmt.Errorf("%s: while the files of the package %.80q were read: %w", stem, p.Package, stop)
		}
		if err != nil {
			return filelist.List{}, err
		}
		if found {
			c.name, c.stem, c.list = p.Package, stem, c.build.List()
			return c.list, nil
		}
	}
	return filelist.List{}, nil
}

// begin gets ready for an index: it tells if there is no Contents for it, and
// drops what neither it nor one after it needs.
func (c *contents) begin(i int) {
	for stem, s := range c.sorted {
		switch {
		case s == nil:
		case anyHas(stem, c.r.stems[i:]):
			s.Rest()
		default:
			s.Close()
			delete(c.sorted, stem)
		}
	}
	c.name, c.list = "", filelist.List{}
	if !slices.ContainsFunc(c.r.contents, func(stem string) bool { return mayHave(stem, c.r.stems[i]) }) {
		c.r.opt.Note(fmt.Sprintf("%s lists no Contents for %s: its packages are read without their files", c.r.name, c.r.stems[i]))
	}
}

// load sorts a Contents index, if it is there and was not sorted before.
func (c *contents) load(stem string) (*extsort.Sorted, error) {
	s, ok := c.sorted[stem]
	if ok || !slices.Contains(c.r.contents, stem) {
		return s, nil
	}
	sorter := extsort.New(c.r.opt.TempDir, stem+" is in the order of its paths")
	defer sorter.Close()
	c.kept.Add(extsort.Bytes)
	defer c.kept.Add(-extsort.Bytes)
	err := readIndex(c.ctx, c.r, stem, func(name string, r io.Reader) error {
		return readContents(name, r, c.left, sorter)
	})
	if absent(err) { // a mirror may have left it out
		c.r.opt.Note(fmt.Sprintf("%v: packages are read without the files it lists", err))
		c.sorted[stem] = nil
		return nil, nil
	}
	if err == nil {
		s, err = sorter.Sort()
	}
	if err == nil {
		c.sorted[stem] = s
	}
	return s, err
}

// contentsReader reads a Contents index: a path, spaces, and the packages that
// have it, with commas between, each behind its section.
type contentsReader struct {
	in     *lines.Reader
	to     *extsort.Sorter
	left   *spare.Units
	header bool    // may be not at its end
	odd    []error // of lines that may be of the header
	path   []byte
}

func readContents(name string, r io.Reader, left *spare.Units, to *extsort.Sorter) error {
	c := contentsReader{in: lines.New(name, r, maxLine, contentsRemedy), to: to, left: left, header: true}
	for {
		line, err := c.in.Next()
		if err == io.EOF {
			return c.endHeader()
		}
		switch {
		case err == nil:
			err = c.line(line)
		case errors.Is(err, lines.ErrNUL):
			err = c.leaveOut(err)
		}
		if err != nil {
			return err
		}
		if c.header && c.in.Line() == headerLines {
			if err := c.endHeader(); err != nil {
				return err
			}
		}
	}
}

func (c *contentsReader) line(line []byte) error {
	line = bytes.TrimRight(line, " \t")
	if len(line) == 0 {
		return nil
	}
	i := bytes.LastIndexAny(line, " \t")
	name := bytes.TrimRight(line[:max(i, 0)], " \t")
	packages := line[i+1:]
	if c.header && string(bytes.TrimLeft(name, " \t")) == "FILE" && string(packages) == "LOCATION" && c.to.Reset() {
		c.header, c.odd = false, nil
		return nil
	}
	err := c.add(name, packages)
	if bad, ok := errors.AsType[*badLine](err); ok {
		err = c.leaveOut(c.in.Errorf("%w", bad))
	}
	return err
}

// leaveOut leaves a line out that can't be used, if that is allowed: nil. Of the header it may be.
func (c *contentsReader) leaveOut(err error) error {
	if c.header {
		c.odd = append(c.odd, err)
		return nil
	}
	if c.left.Use(err) {
		return nil
	}
	return err
}

// badLine is what is wrong with a line, as against the temporary file.
type badLine struct{ s string }

func (e *badLine) Error() string { return e.s }

func (c *contentsReader) add(name, packages []byte) error {
	for bytes.HasPrefix(name, []byte("/")) || bytes.HasPrefix(name, []byte("./")) {
		name = name[bytes.IndexByte(name, '/')+1:]
	}
	if len(name) == 0 {
		return &badLine{fmt.Sprintf("want a path and packages but have %s", lines.Quote(packages))}
	}
	c.path = append(append(c.path[:0], '/'), name...)
	for p := range bytes.SplitSeq(packages, []byte(",")) {
		p = p[bytes.LastIndexByte(p, '/')+1:]
		if len(p) == 0 {
			return &badLine{fmt.Sprintf("want packages with commas between but have %s", lines.Quote(packages))}
		}
		if err := c.to.Add(p, c.path); err != nil {
			return err
		}
	}
	return nil
}

// endHeader says that there was none: what was odd before was so as it is
// elsewhere.
func (c *contentsReader) endHeader() error {
	odd := c.odd
	c.header, c.odd = false, nil
	for _, err := range odd {
		if !c.left.Use(err) {
			return err
		}
	}
	return nil
}
