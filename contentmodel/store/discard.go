package store

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
)

// Discard returns a store that keeps nothing: no unit is ever known, every save
// counts as new. It measures a pipeline without its database: a draft takes any
// unit, counts it each time, and is published as version 1, which is forgotten.
func Discard() Versioned { return new(discard) }

type discard struct {
	n      atomic.Int64
	closed atomic.Bool
}

func (d *discard) Existing(ctx context.Context, units []contentmodel.Unit, found []bool) error {
	clear(found[:len(units)])
	return d.usable(ctx)
}

func (d *discard) Save(ctx context.Context, units []contentmodel.Unit) (int, error) {
	if err := d.usable(ctx); err != nil {
		return 0, err
	}
	d.n.Add(int64(len(units)))
	return len(units), nil
}

// Count is how many units were thrown away.
func (d *discard) Count(ctx context.Context) (int64, error) { return d.n.Load(), d.usable(ctx) }

func (d *discard) Body(ctx context.Context, kind, key string, _ io.Writer) error {
	if err := d.usable(ctx); err != nil {
		return err
	}
	return fmt.Errorf("%s %s: %w", kind, key, ErrNotFound)
}

func (d *discard) Close() error {
	d.closed.Store(true)
	return nil
}

func (d *discard) usable(ctx context.Context) error {
	if d.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

func (d *discard) Begin(ctx context.Context, repository string) (Draft, error) {
	if err := d.usable(ctx); err != nil {
		return nil, err
	}
	if err := CheckRepository(repository); err != nil {
		return nil, err
	}
	return &discardDraft{of: d, repository: repository}, nil
}

// Latest finds nothing.
func (d *discard) Latest(ctx context.Context, repository string) (Version, error) {
	return Version{Repository: repository}, d.usable(ctx)
}

func (d *discard) Units(ctx context.Context, repository string, number int64) iter.Seq2[Name, error] {
	return func(yield func(Name, error) bool) { yield(Name{}, d.noVersion(ctx, repository, number)) }
}

func (d *discard) SaveArtifacts(ctx context.Context, _ []Artifact) error { return d.usable(ctx) }

func (d *discard) Artifacts(ctx context.Context, repository string, number int64) iter.Seq2[Artifact, error] {
	return func(yield func(Artifact, error) bool) { yield(Artifact{}, d.noVersion(ctx, repository, number)) }
}

func (d *discard) noVersion(ctx context.Context, repository string, number int64) error {
	if err := d.usable(ctx); err != nil {
		return err
	}
	return fmt.Errorf("version %d of %q: %w", number, repository, ErrNotFound)
}

type discardDraft struct {
	of         *discard
	repository string
	n          atomic.Int64
	over       atomic.Bool
}

func (d *discardDraft) Add(ctx context.Context, units []contentmodel.Unit) error {
	if err := d.usable(ctx); err != nil {
		return err
	}
	d.n.Add(int64(len(units)))
	return nil
}

func (d *discardDraft) Publish(ctx context.Context) (Version, error) {
	if err := d.usable(ctx); err != nil {
		return Version{}, err
	}
	d.over.Store(true)
	n := d.n.Load()
	return Version{Repository: d.repository, Number: 1, Units: n, Added: n}, nil
}

func (d *discardDraft) Discard() error {
	d.over.Store(true)
	return nil
}

func (d *discardDraft) usable(ctx context.Context) error {
	if err := d.of.usable(ctx); err != nil {
		return err
	}
	if d.over.Load() {
		return ErrOver
	}
	return nil
}
