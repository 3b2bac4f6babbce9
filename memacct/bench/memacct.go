package main

import (
	"context"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/sizer"
)

func overMemacct(ctx context.Context, _ int64, units iter.Seq2[unit, error], s *sink) error {
	budget, err := memacct.New(memacct.Config{})
	if err != nil {
		return err
	}
	gate := memacct.NewGate(budget.Account("bench"), "units", 1000, sizer.Of[unit])
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer gate.Close()
		for u, err := range units {
			if err != nil {
				return err
			}
			if err := gate.Put(ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
	g.Go(func() error {
		for batch := range gate.Batches(ctx, memacct.Batch{Size: batchSize}) {
			if err := s.save(batch); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	return g.Wait()
}
