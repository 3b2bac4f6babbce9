package rpm

import (
	"context"
	"fmt"
	"iter"

	"github.com/syncmem/syncmem/contentmodel/internal/scale"
	"github.com/syncmem/syncmem/contentmodel/internal/shared"
	"github.com/syncmem/syncmem/contentmodel/internal/spare"
	"github.com/syncmem/syncmem/contentmodel/source"
)

// Packages yields every package, with its files and changelogs, in the order
// of primary. It reads primary, filelists and other side by side, one package
// at a time; where their orders differ, what is not wanted yet waits in a
// temporary file, and 40 bytes of each package's place in there on the heap.
//
// Each file is compared with what repomd.xml says of it while it is read, so a
// difference shows at its end: packages that were yielded before the error may
// be wrong. The first error ends the sequence: (nil, err), where err is a
// [*contentmodel.InputError] or that of the context.
//
// Without filelists a package has the files that primary names; without other
// it has no changelogs; both are noted. Each range opens the files anew.
func (r *Repository) Packages(ctx context.Context) iter.Seq2[*Package, error] {
	return func(yield func(*Package, error) bool) {
		l := &lockstep{r: r}
		defer l.close()
		if err := l.open(ctx); err != nil {
			yield(nil, err)
			return
		}
		for {
			p, err := l.next()
			if ctx.Err() != nil { // what is read ahead must not outlive a cancel
				p, err = nil, context.Cause(ctx)
			}
			if p == nil && err == nil {
				return
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// lockstep reads the three files side by side.
type lockstep struct {
	r       *Repository
	streams []*source.Stream
	primary *primary
	files   *follower // nil if there is no filelists
	logs    *follower // nil if there is no other
	weight  *scale.Scale
	kept    *shared.Kept
	n       int
}

// open opens the files, and reads up to the first package of each.
func (l *lockstep) open(ctx context.Context) error {
	r, left := l.r, spare.New(l.r.opt.SkipBad, l.r.opt.Note)
	l.weight, l.kept = scale.New(r.opt.Building), shared.NewKept(r.opt.Kept)
	for i := range parts {
		r.streams[i].Store(nil)
		s, err := r.part(ctx, i)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		l.streams = append(l.streams, s)
		r.streams[i].Store(s)
		switch i {
		case primaryPart:
			l.primary, err = newPrimary(s, left, l.weight, l.kept)
		case filelistsPart:
			l.files, err = newFollower(s, "filelists", r.opt.TempDir, left, &fileReader{weight: l.weight}, l.weight, l.kept)
		case otherPart:
			l.logs, err = newFollower(s, "otherdata", r.opt.TempDir, left, &changelogReader{weight: l.weight}, l.weight, l.kept)
		}
		if err != nil {
			return err
		}
	}
	l.primary.withFiles = l.files == nil
	return nil
}

// next is one whole package; nil at the end of all files.
func (l *lockstep) next() (*Package, error) {
	for {
		p, err := l.primary.next()
		if err != nil {
			return nil, err
		}
		if p == nil {
			return nil, l.end()
		}
		l.n++
		err = l.lists(p)
		if err == nil {
			return p, nil
		}
		if err != errLeftOut {
			return nil, err
		}
	}
}

// lists gives a package its files and changelogs. If one of them can't be used
// the other is taken all the same, so that nobody has to keep it.
func (l *lockstep) lists(p *Package) error {
	var odd error
	if l.files != nil {
		list, err := l.files.of(p)
		if err != nil && err != errLeftOut {
			return err
		}
		p.Files, odd = Files(list), err
	}
	if l.logs != nil {
		list, err := l.logs.of(p)
		if err != nil {
			return err
		}
		p.Changelogs = Changelogs{list}
	}
	return odd
}

// end reads the other files to their ends, too, so that they are compared
// whole, and notes what is left over.
func (l *lockstep) end() error {
	for _, f := range []*follower{l.files, l.logs} {
		if f == nil {
			continue
		}
		left, err := f.end()
		if err != nil {
			return err
		}
		if left > 0 {
			l.r.opt.Note(fmt.Sprintf("%s has %d packages that primary has not: they are left out", f.name, left))
		}
	}
	if said := l.primary.said; said >= 0 && said != int64(l.n+l.primary.without) {
		l.r.opt.Note(fmt.Sprintf("%s says that it has %d packages and has %d", l.primary.name, said, l.n+l.primary.without))
	}
	return nil
}

func (l *lockstep) close() {
	defer l.kept.Close()
	for _, s := range l.streams {
		_ = s.Close()
	}
	for _, f := range []*follower{l.files, l.logs} {
		if f != nil {
			f.close()
		}
	}
}
