package memacct

import (
	"context"
	"iter"

	"github.com/syncmem/syncmem/memacct/internal/caller"
)

// Sender is what a function asks for that only puts units: what chan<- T is to a channel. A *[Gate] and a *[Queue] are
// Senders. Whether a put waits for memory is the queue's business. A lease's unit is moved on to one by [Lease.Forward],
// [ForwardAs], [Lease.ForwardAll] and [ShareAs].
type Sender[T any] interface {
	Put(ctx context.Context, v T) error
	Close()
}

// Receiver is what a function asks for that only takes units: what <-chan T is to a channel. A *[Gate] and a *[Queue]
// are Receivers.
type Receiver[T any] interface {
	All(ctx context.Context) iter.Seq[T]
	Batches(ctx context.Context, by Batch) iter.Seq[[]T]
	Leases(ctx context.Context) iter.Seq[*Lease[T]]
	Chan(ctx context.Context) <-chan *Lease[T]
	Len() int
}

var (
	_ Sender[int]   = (*Gate[int])(nil)
	_ Sender[int]   = (*Queue[int])(nil)
	_ Receiver[int] = (*Gate[int])(nil)
	_ Receiver[int] = (*Queue[int])(nil)
)

// lineOf is the gate or the queue that to is; nil for a Sender of somebody else.
func lineOf[T any](to Sender[T]) *line[T] {
	switch q := to.(type) {
	case *Queue[T]:
		return &q.line
	case *Gate[T]:
		return &q.line
	}
	return nil
}

// Chan is for a receive in a select: a channel of leases, which is closed when the queue is closed and drained or ctx
// is done; the caller asks ctx.Err() which. Whoever receives a lease must Release or Forward it, as one that was
// detached, from any goroutine; one that is lost is reported with the place of this call.
//
// A goroutine takes the units, one ahead of who receives: that unit is charged, and in nobody's hand. It ends with the
// channel, so ctx must be done at some time where the receiver may stop before the queue ends. What was not received
// by then is released. A lease so received costs about a microsecond, three times one of [Queue.Leases], which needs
// no other goroutine and no cleanup (BenchmarkChan). Several receivers may share the channel.
//
//go:noinline
func (l *line[T]) Chan(ctx context.Context) <-chan *Lease[T] {
	where := caller.PC()
	units := make(chan *Lease[T])
	go func() {
		defer close(units)
		for lease := range l.Leases(ctx) {
			lease.detach(where)
			select {
			case units <- lease:
			case <-ctx.Done():
				lease.Release()
			}
		}
	}()
	return units
}
