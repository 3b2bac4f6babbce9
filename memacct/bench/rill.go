package main

import (
	"context"
	"iter"

	"github.com/destel/rill"
)

func overRill(_ context.Context, _ int64, units iter.Seq2[unit, error], s *sink) error {
	const whenFull = -1 // a batch is handed on, and not after a while
	batches := rill.Batch(rill.FromSeq2(units), batchSize, whenFull)
	return rill.ForEach(batches, 1, s.save)
}
