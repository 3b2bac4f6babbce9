package stages_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
)

// memory is a store in maps, for what the stages do: the real ones are in modules of their own.
type memory struct {
	mu        sync.Mutex
	units     map[store.Name]bool
	versions  [][]store.Name
	artifacts map[string]store.Artifact // by unit and path
	drafts    int                       // that were begun and not ended
	refuse    error                     // of Publish
}

func newMemory() *memory {
	return &memory{units: map[store.Name]bool{}, artifacts: map[string]store.Artifact{}}
}

func name(u contentmodel.Unit) store.Name { return store.Name{Kind: u.Kind(), Key: u.Key()} }

func (m *memory) Existing(_ context.Context, units []contentmodel.Unit, found []bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, u := range units {
		found[i] = m.units[name(u)]
	}
	return nil
}

func (m *memory) Save(_ context.Context, units []contentmodel.Unit) (n int, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range units {
		if !m.units[name(u)] {
			n++
		}
		m.units[name(u)] = true
	}
	return n, nil
}

func (m *memory) Count(context.Context) (int64, error) { return int64(len(m.units)), nil }

func (m *memory) Body(context.Context, string, string, io.Writer) error { return store.ErrNotFound }

func (m *memory) Close() error { return nil }

func (m *memory) Begin(_ context.Context, repository string) (store.Draft, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drafts++
	return &draft{of: m, repository: repository, has: map[store.Name]bool{}}, nil
}

func (m *memory) Latest(_ context.Context, repository string) (store.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return store.Version{Repository: repository, Number: int64(len(m.versions))}, nil
}

func (m *memory) Units(context.Context, string, int64) iter.Seq2[store.Name, error] { return nil }

func (m *memory) SaveArtifacts(_ context.Context, all []store.Artifact) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range all {
		if !m.units[a.Of] {
			return fmt.Errorf("%v: %w", a.Of, store.ErrNotKept)
		}
		m.artifacts[a.Of.Key+" "+a.Path] = a
	}
	return nil
}

func (m *memory) Artifacts(context.Context, string, int64) iter.Seq2[store.Artifact, error] {
	return nil
}

// draft is a version in the making.
type draft struct {
	of         *memory
	repository string
	has        map[store.Name]bool
	ended      bool
}

func (d *draft) Add(_ context.Context, units []contentmodel.Unit) error {
	d.of.mu.Lock()
	defer d.of.mu.Unlock()
	for _, u := range units {
		if !d.of.units[name(u)] {
			return fmt.Errorf("%v: %w", name(u), store.ErrNotKept)
		}
		d.has[name(u)] = true
	}
	return nil
}

func (d *draft) Publish(context.Context) (store.Version, error) {
	d.of.mu.Lock()
	defer d.of.mu.Unlock()
	if d.of.refuse != nil {
		return store.Version{}, d.of.refuse
	}
	v := store.Version{Repository: d.repository, Number: int64(len(d.of.versions)) + 1, Units: int64(len(d.has))}
	before := map[store.Name]bool{}
	if n := len(d.of.versions); n > 0 {
		for _, u := range d.of.versions[n-1] {
			before[u] = true
		}
	}
	for u := range d.has {
		if !before[u] {
			v.Added++
		}
	}
	v.Removed = int64(len(before)) + v.Added - v.Units
	d.of.versions = append(d.of.versions, slices.Collect(maps.Keys(d.has)))
	return v, nil
}

func (d *draft) Discard() error {
	d.of.mu.Lock()
	defer d.of.mu.Unlock()
	if !d.ended {
		d.ended, d.of.drafts = true, d.of.drafts-1
	}
	return nil
}
