package main

import (
	"context"
	"iter"

	"golang.org/x/sync/errgroup"
)

func channelOf(slots int) func(context.Context, int64, iter.Seq2[unit, error], *sink) error {
	return func(ctx context.Context, _ int64, units iter.Seq2[unit, error], s *sink) error {
		return overChannel(ctx, slots, units, s)
	}
}

func overChannel(ctx context.Context, slots int, units iter.Seq2[unit, error], s *sink) error {
	ch := make(chan unit, slots)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(ch)
		for u, err := range units {
			if err != nil {
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
		for u := range ch {
			if batch = append(batch, u); len(batch) < batchSize {
				continue
			}
			if err := s.save(batch); err != nil {
				return err
			}
			clear(batch)
			batch = batch[:0]
		}
		if len(batch) == 0 {
			return nil
		}
		return s.save(batch)
	})
	return g.Wait()
}
