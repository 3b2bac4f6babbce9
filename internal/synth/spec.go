package synth

import (
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"time"
)

// Spec says which units a source yields. [Parse] makes one; change fields
// after that if need be. A source reads only the fields its keys set.
type Spec struct {
	Source string // "rpm-mixed" and the like
	Count  int    // units
	Seed   uint64
	Order  Order

	// Sink is how long the last stage should sleep for each batch. It is for
	// whoever runs the pipeline; the source itself never waits.
	Sink time.Duration

	// Pin asks for a first stage that keeps every unit to the end of the run:
	// the mistake that no gate can mend. It too is for the runner.
	Pin bool

	Modules int // of all units, those that are modules and come last (rpm-modular)

	// Fanout is how many units should be built at once, each from a [Spec.Part] of its own.
	Fanout int

	Names    int   // package names (rpm-evil), collections (ansible)
	Versions int   // of each name
	Files    int   // most files in a unit
	Giant    int64 // heap bytes of the one giant unit (rpm-one-giant), at least
	At       int   // how many units come before the giant
}

// Parse reads what stands behind "synth:", such as
//
//	rpm-mixed,units=20000,seed=7,sink=20ms,pin=true,order=giants-first
//
// A key that is not given keeps the default of its source. The error names
// the part that is wrong, what there is, and what may have been meant.
func Parse(text string) (Spec, error) {
	parts := strings.Split(text, ",")
	src, err := find(strings.TrimSpace(parts[0]))
	if err != nil {
		return Spec{}, err
	}
	s := src.defaults
	s.Source, s.Order, s.Seed = src.name, Natural, 1
	given := map[string]bool{}
	for _, part := range parts[1:] {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return Spec{}, fmt.Errorf("synth:%s: %q is not key=value; keys: %s", s.Source, part, strings.Join(src.keys, ", "))
		}
		if err := s.set(src, name, value); err != nil {
			return Spec{}, err
		}
		if given[name] {
			return Spec{}, fmt.Errorf("synth:%s: %s is given twice; leave one out", s.Source, name)
		}
		given[name] = true
	}
	if src.settle != nil {
		src.settle(&s, given)
	}
	if err := s.check(src); err != nil {
		return Spec{}, err
	}
	return s, nil
}

// set sets one key of s from its text.
func (s *Spec) set(src *source, name, value string) error {
	if !slices.Contains(src.keys, name) {
		return fmt.Errorf("synth:%s has no key %q%s; keys: %s", s.Source, name, nearest(name, src.keys), strings.Join(src.keys, ", "))
	}
	if err := params[name].set(s, value); err != nil {
		return fmt.Errorf("synth:%s: %s=%s: %w", s.Source, name, value, err)
	}
	return nil
}

// check finds values that are fine alone and make no sense together.
func (s *Spec) check(src *source) error {
	if slices.Contains(src.keys, "at") && s.At >= s.Count {
		return fmt.Errorf("synth:%s: at=%d lies behind the last of units=%d; want 0 to %d", s.Source, s.At, s.Count, s.Count-1)
	}
	if slices.Contains(src.keys, "modules") && s.Modules >= s.Count {
		return fmt.Errorf("synth:%s: modules=%d leave no package of units=%d; want fewer", s.Source, s.Modules, s.Count)
	}
	if slices.Contains(src.keys, "names") && int64(s.Count) > int64(s.Names)*int64(s.Versions) {
		return fmt.Errorf("synth:%s: units=%d are more than names=%d with versions=%d each; leave one of them out", s.Source, s.Count, s.Names, s.Versions)
	}
	return nil
}

// String is the text that [Parse] turns into s again. It has every key of the
// source, also those left at their default, so that a run can be repeated
// after defaults have changed.
func (s Spec) String() string {
	src, err := find(s.Source)
	if err != nil {
		return s.Source
	}
	var b strings.Builder
	b.WriteString(s.Source)
	for _, name := range src.keys {
		fmt.Fprintf(&b, ",%s=%s", name, params[name].get(&s))
	}
	return b.String()
}

// identity is what the bytes of every unit depend on: the spec without the
// keys that only say how its units are run. Two specs with different units
// have different keys for them, too.
func (s Spec) identity() uint64 {
	s.Order, s.Sink, s.Pin, s.At, s.Fanout = Natural, 0, false, 0, 0
	h := fnv.New64a()
	io.WriteString(h, s.String())
	return mix(h.Sum64())
}

// Names are the sources there are.
func Names() []string {
	names := make([]string, len(sources))
	for i, src := range sources {
		names[i] = src.name
	}
	return names
}

// Help describes all sources and their keys, for a command's help text.
func Help() string {
	var b strings.Builder
	for _, src := range sources {
		s := src.defaults
		s.Source, s.Order, s.Seed = src.name, Natural, 1
		if src.settle != nil {
			src.settle(&s, nil)
		}
		fmt.Fprintf(&b, "  %-14s %s\n  %-14s %s\n", src.name, src.doc, "", s)
	}
	b.WriteString("keys:\n")
	for _, name := range allKeys {
		fmt.Fprintf(&b, "  %-14s %s\n", name+"=", params[name].doc)
	}
	return b.String()
}
