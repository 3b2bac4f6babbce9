// Package stages has the standard stages of a content sync over a store.
package stages

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/pipeline"
)

// Known counts the units that [Query] found in the store. It is safe for concurrent use.
type Known struct{ n atomic.Int64 }

// Count returns how many there were so far.
func (k *Known) Count() int64 { return k.n.Load() }

// Query asks the store which units it has, batch by batch (size units, 0: the pipeline's batch size), and
// emits those it has not. A known unit ends here, and its memory is free for the next one. known may be nil.
func Query(s store.Store, size int, known *Known) pipeline.Stage[contentmodel.Unit] {
	return &query{store: s, size: size, known: known}
}

type query struct {
	store store.Store
	size  int
	known *Known
}

func (q *query) Name() string { return "query" }

func (q *query) Run(ctx context.Context, in *pipeline.In[contentmodel.Unit], out *pipeline.Out[contentmodel.Unit]) error {
	var found []bool // grows to the largest batch and is reused
	for units := range in.Batches(ctx, q.size) {
		if cap(found) < len(units) {
			found = make([]bool, len(units))
		}
		found = found[:len(units)]
		if err := q.store.Existing(ctx, units, found); err != nil {
			return err
		}
		for i, u := range units {
			if found[i] {
				q.count()
				continue
			}
			if err := out.Pass(ctx, u); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (q *query) count() {
	if q.known != nil {
		q.known.n.Add(1)
	}
}

// Saved counts what [Save] put into the store. It is safe for concurrent use.
type Saved struct{ units, batches atomic.Int64 }

// Units returns how many new units are in the store for good.
func (s *Saved) Units() int64 { return s.units.Load() }

// Batches returns how many transactions that took.
func (s *Saved) Batches() int64 { return s.batches.Load() }

// Save puts each batch (size units, 0: the pipeline's batch size) into the store in one transaction and then
// emits it. delay is how long it waits after each batch, for experiments with a slow store; 0 does not.
// saved may be nil.
func Save(s store.Store, size int, delay time.Duration, saved *Saved) pipeline.Stage[contentmodel.Unit] {
	return pipeline.InBatches("save", size, func(ctx context.Context, units []contentmodel.Unit) error {
		n, err := s.Save(ctx, units)
		if err != nil {
			return err
		}
		if saved != nil {
			saved.units.Add(int64(n))
			saved.batches.Add(1)
		}
		return pause(ctx, delay)
	})
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
