package main

import (
	"context"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/syncmem/syncmem/sizer"
)

// overSemaphore has as many bytes in flight as a semaphore lets in. A batch that waits for more holds what they wait
// for, so it is saved after a while as it is. The heap is up to twice what lives, and the unit that is made comes on
// top: a quarter of the limit.
func overSemaphore(ctx context.Context, limit int64, units iter.Seq2[unit, error], s *sink) error {
	capacity := limit / 4
	const flushAfter = 5 * time.Millisecond
	sem := semaphore.NewWeighted(capacity)
	weight := func(u unit) int64 { return min(sizer.Of(u), capacity) }
	ch := make(chan unit, 1000)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(ch)
		for u, err := range units {
			if err != nil {
				return err
			}
			if err := sem.Acquire(ctx, weight(u)); err != nil {
				return err
			}
			select {
			case ch <- u:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	g.Go(func() error {
		batch := make([]unit, 0, batchSize)
		save := func() error {
			if len(batch) == 0 {
				return nil
			}
			if err := s.save(batch); err != nil {
				return err
			}
			for _, u := range batch {
				sem.Release(weight(u))
			}
			clear(batch)
			batch = batch[:0]
			return nil
		}
		timer := time.NewTicker(flushAfter)
		defer timer.Stop()
		for {
			select {
			case u, more := <-ch:
				if !more {
					return save()
				}
				if batch = append(batch, u); len(batch) < batchSize {
					timer.Reset(flushAfter)
					continue
				}
			case <-timer.C:
			}
			if err := save(); err != nil {
				return err
			}
		}
	})
	return g.Wait()
}
