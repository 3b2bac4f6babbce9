package pipeline

import (
	"context"
	"sync/atomic"
)

// awaited is shared by all ends of a pipeline: how many wait for units that are in it, and its queues.
type awaited struct {
	waits  atomic.Int64
	queues []interface{ Flush() }
}

// Await waits in the first stage until done is closed, which a stage is to do once it has units that were emitted
// before: a list of manifests can be made when these are saved, say. It is for who has many units to wait for and nothing
// but a channel; a [Future] is of one unit, and hurries no other. Meanwhile no stage waits for a full batch, for what
// would fill it may be what waits here. It returns the context's cause if ctx ends first, and a [*WaitError] where no
// unit is left that can move: see [Future]. Without an account it does not: nothing is counted then. What the goroutine has
// reserved and not put is charged as long as it waits: put it before, or release it.
func (o *Out[T]) Await(ctx context.Context, done <-chan struct{}) error {
	if o.gate == nil {
		return ErrNotFirst
	}
	select {
	case <-done:
		return nil
	default:
	}
	// A unit that is put into a queue after that is flushed by whoever puts it, one before that by the loop.
	o.awaited.waits.Add(1)
	defer o.awaited.waits.Add(-1)
	for _, q := range o.awaited.queues {
		q.Flush()
	}
	w := &wait{set: o.post.set, done: done, post: o.post, vain: make(chan error, 1)}
	return w.sleep(ctx)
}

// hurry hands on what the stage has emitted, if anybody may wait for it: for all of it, or for one of these.
func (o *Out[T]) hurry(emitted ...T) {
	if o.to == nil {
		return
	}
	if o.awaited.waits.Load() > 0 || o.future.anyHurried(emitted) {
		o.to.Flush()
	}
}
