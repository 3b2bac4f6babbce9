package pipeline

import (
	"context"
	"errors"
	"sync"

	"github.com/syncmem/syncmem/memacct"
)

// Each is a stage that calls fn for each unit and then emits it. An error of fn ends the run.
func Each[T any](name string, fn func(context.Context, T) error) Stage[T] { return EachN(name, 1, fn) }

// EachN is [Each] with up to n calls of fn at once; less than 1 is taken as 1. Units may overtake each other.
func EachN[T any](name string, n int, fn func(context.Context, T) error) Stage[T] {
	return &batchStage[T]{name: name, size: 1, workers: max(1, n), handle: emitting(func(ctx context.Context, units []T) error {
		return fn(ctx, units[0])
	})}
}

// InBatches is a stage that calls fn for each batch of size units (0: the pipeline's batch size; fewer when
// memory is short) and then emits them. An error of fn ends the run. The slice is reused after the call.
func InBatches[T any](name string, size int, fn func(context.Context, []T) error) Stage[T] {
	return &batchStage[T]{name: name, size: size, workers: 1, handle: emitting(fn)}
}

// Filter is a stage that calls fn for each batch of size units (0: the pipeline's batch size; fewer when memory is
// short). fn sets drop[i], all false before, for each units[i] that ends here; the others are emitted, in a handful of
// steps for the whole batch, and are not measured again: fn must leave them as they are. An error of fn ends the run.
// The slice of units is reused after the call.
func Filter[T any](name string, size int, fn func(ctx context.Context, units []T, drop []bool) error) Stage[T] {
	return &batchStage[T]{name: name, size: size, workers: 1, handle: func(ctx context.Context, b *memacct.LeaseBatch[T], out *Out[T]) error {
		drop := make([]bool, len(b.Units()))
		if err := fn(ctx, b.Units(), drop); err != nil {
			return err
		}
		return out.filter(ctx, b, drop)
	}}
}

type batchStage[T any] struct {
	name          string
	size, workers int
	handle        func(context.Context, *memacct.LeaseBatch[T], *Out[T]) error
}

// emitting calls fn for the units of a batch and then emits them.
func emitting[T any](fn func(context.Context, []T) error) func(context.Context, *memacct.LeaseBatch[T], *Out[T]) error {
	return func(ctx context.Context, b *memacct.LeaseBatch[T], out *Out[T]) error {
		if err := fn(ctx, b.Units()); err != nil {
			return err
		}
		return out.forwardAll(ctx, b)
	}
}

func (s *batchStage[T]) Name() string { return s.name }

// Run runs the workers. The error of the first to fail stops the others.
func (s *batchStage[T]) Run(ctx context.Context, in *In[T], out *Out[T]) error {
	if s.workers == 1 {
		return s.work(ctx, in, out)
	}
	in.src.ExpectLoops(s.workers)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for range s.workers {
		all.Go(func() {
			err := errors.New("a worker panicked or left by runtime.Goexit")
			defer func() {
				if p := recover(); p != nil {
					err = panicError(p)
				}
				if err != nil {
					cancel(err)
				}
			}()
			err = s.work(ctx, in, out)
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

func (s *batchStage[T]) work(ctx context.Context, in *In[T], out *Out[T]) error {
	h := new(hand[T])
	if in.future != nil { // who waits tells what it has in hand
		ctx = context.WithValue(ctx, handKey{}, namer(named[T]{in, h}))
	}
	for b := range in.lent(ctx, in.by(s.size), h) {
		if err := s.handle(ctx, b, out); err != nil {
			return err
		}
	}
	return ctx.Err()
}
