package synth

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
)

// source is one entry of the table of sources.
type source struct {
	name, doc string
	keys      []string // what it takes, of allKeys and in their order
	defaults  Spec
	settle    func(s *Spec, given map[string]bool) // fills in what follows from other keys; may be nil
	open      func(s Spec) maker
}

// maker makes the units of one run. It reuses its buffers, so it belongs to
// one goroutine; the units it made share nothing with it or each other.
type maker interface {
	sizes() layout                 // which unit has which size
	unit(id int) contentmodel.Unit // one of the layout, or giantID
}

// giantID stands for the unit that is not in the layout; only a spec with a
// Giant has one.
const giantID = -1

// Units yields the units of s, made one by one. An error ends it: that of ctx,
// which is asked before each unit, or of a spec that [Parse] did not make.
// It may be ranged over again, with the same units each time; separate ranges
// may run at once.
func (s Spec) Units(ctx context.Context) iter.Seq2[contentmodel.Unit, error] {
	return s.Built(ctx, nil, nil)
}

// teller is a maker of units that may be large.
type teller interface {
	tell(building func(bytes int64) error)
	stopped() error // what that came to
}

// Built is Units whose weight is told to building while they are made, as by
// the readers of real formats: an error of that ends it, wrapped. What the
// source has beside its units is told to kept. Either may be nil.
func (s Spec) Built(ctx context.Context, building func(bytes int64) error, kept func(bytes int64)) iter.Seq2[contentmodel.Unit, error] {
	return s.part(ctx, 0, 1, building, kept)
}

// Parts is how many units should be built at once, 1 where that is of no matter.
func (s Spec) Parts() int { return max(1, min(s.Fanout, s.Count)) }

// Part is Built for one part of the units, of [Spec.Parts]: each unit is in one of them, and so are those that one waits
// for. Parts may be ranged over at once.
func (s Spec) Part(ctx context.Context, part int, building func(bytes int64) error) iter.Seq2[contentmodel.Unit, error] {
	return s.part(ctx, part, s.Parts(), building, nil)
}

// keeper is a maker that has units in the making until later.
type keeper interface {
	keep(kept func(bytes int64))
}

// grouper is a maker of units some of which must be made by one builder.
type grouper interface {
	group(id int) int
}

// part is one of every parts units, or of every parts groups of them.
func (s Spec) part(ctx context.Context, part, parts int, building func(bytes int64) error, kept func(bytes int64)) iter.Seq2[contentmodel.Unit, error] {
	return func(yield func(contentmodel.Unit, error) bool) {
		src, err := find(s.Source)
		if err == nil {
			err = s.check(src)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		m := src.open(s)
		large, tells := m.(teller)
		if tells {
			large.tell(building)
		}
		if k, ok := m.(keeper); ok && kept != nil {
			k.keep(kept)
		}
		groups, grouped := m.(grouper)
		n := -1
		for id := range s.ids(m.sizes()) {
			n++
			group := n
			if grouped {
				group = groups.group(id)
			}
			if group%parts != part {
				continue
			}
			if err := context.Cause(ctx); err != nil {
				yield(nil, err)
				return
			}
			u := m.unit(id)
			if tells && large.stopped() != nil {
				yield(nil, fmt.Errorf("synth:%s: while unit %d was made: %w", s.Source, n, large.stopped()))
				return
			}
			if !yield(u, nil) {
				return
			}
		}
	}
}

// ids is the order of the run, with the giant in its place if there is one.
func (s Spec) ids(l layout) iter.Seq[int] {
	switch {
	case s.Modules > 0:
		return chain(l.in(s.Order), func(yield func(int) bool) {
			for id := l.units; id < s.Count && yield(id); id++ {
			}
		})
	case s.Giant == 0:
		return l.in(s.Order)
	}
	return func(yield func(int) bool) {
		n := 0
		for id := range l.in(s.Order) {
			if n == s.At && !yield(giantID) || !yield(id) {
				return
			}
			n++
		}
		if n <= s.At { // after all others
			yield(giantID)
		}
	}
}

// find is the source of that name.
func find(name string) (*source, error) {
	names := make([]string, len(sources))
	for i := range sources {
		if names[i] = sources[i].name; names[i] == name {
			return &sources[i], nil
		}
	}
	return nil, fmt.Errorf("synth: no source %q%s; sources: %s", name, nearest(name, names), strings.Join(names, ", "))
}

// with is the keys every source takes and some of its own, in order.
func with(own ...string) []string { return inNaturalOrder(append(own, "order")...) }

// inNaturalOrder is with for a source whose units make no sense in another order.
func inNaturalOrder(own ...string) []string {
	own = append(own, "units", "seed", "sink", "pin")
	return slices.DeleteFunc(slices.Clone(allKeys), func(k string) bool { return !slices.Contains(own, k) })
}
