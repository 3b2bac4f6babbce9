package store

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
)

// Discard returns a store that keeps nothing: no unit is ever known, every save
// counts as new. It measures a pipeline without its database.
func Discard() Store { return new(discard) }

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
