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
	return pipeline.Filter("query", size, func(ctx context.Context, units []contentmodel.Unit, found []bool) error {
		if err := s.Existing(ctx, units, found); err != nil {
			return err
		}
		if known != nil {
			known.add(found)
		}
		return nil
	})
}

// add counts what was found.
func (k *Known) add(found []bool) {
	n := int64(0)
	for _, is := range found {
		if is {
			n++
		}
	}
	k.n.Add(n)
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
