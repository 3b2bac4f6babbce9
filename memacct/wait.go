package memacct

import (
	"context"
	"fmt"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// newWaiter returns a waiter to sleep on, reused if possible. They are kept by the budget and not by the
// package, so that budgets in separate synctest bubbles share no channels.
func (b *Budget) newWaiter(q *core.Queue, bytes int64) *core.Waiter {
	if n := len(b.idle); n > 0 {
		w := b.idle[n-1]
		b.idle = b.idle[:n-1]
		*w = core.Waiter{Sleeper: w.Sleeper, Queue: q, Bytes: bytes}
		return w
	}
	return &core.Waiter{Sleeper: core.Sleeper{Wake: make(chan struct{}, 1), Note: new(waitInfo)}, Queue: q, Bytes: bytes}
}

// await sleeps until w is decided about or ctx is done. It is called, and returns, with the lock held. Both ctx and
// the values in it may be the caller's own code: they are asked before, or outside the lock.
func (b *Budget) await(ctx context.Context, w *core.Waiter, stage string) error {
	who := w.Note.(*waitInfo)
	if w.State == core.Waiting {
		who.since, who.stage, who.goid = time.Now(), stage, stacks.GoroutineID()
		defer func() { *who = waitInfo{} }()
		b.watchLocked()
	}
	for {
		switch w.State {
		case core.Granted:
			if w.Queue.Abandoned() {
				b.core.Cancel(w)
				return atQueue(w.Queue, ErrClosed)
			}
			return nil
		case core.Refused:
			if b.obsoleteLocked(w) {
				continue
			}
			return b.refusedLocked(w)
		}
		if !b.clock.runs {
			b.startClock()
		}
		b.leave()
		select {
		case <-w.Wake:
		case <-ctx.Done():
		}
		err := ctx.Err()
		b.enter()
		if err == nil && who.nested {
			err = atQueue(w.Queue, ErrNested)
		}
		if err != nil && w.State != core.Refused {
			b.core.Cancel(w)
			return err
		}
	}
}

// obsoleteLocked reports whether w was refused for want of memory that it would find now: a limit was raised meanwhile, or
// somebody let go. Then it stands in line again.
func (b *Budget) obsoleteLocked(w *core.Waiter) bool {
	if w.Reason == core.Closed || w.Carried || !w.Queue.Account.Room(w.Bytes) || !w.NoSlot && !w.Grows && w.Queue.Full() {
		return false
	}
	b.core.Told(w)
	b.core.Enqueue(w)
	return true
}

// done ends a wait: it keeps w for reuse, lets go of the lock, and then does what must not be done under it.
func (b *Budget) done(w *core.Waiter, err error) error {
	was := *w
	b.idle = append(b.idle, w)
	b.leave()
	if was.Overran {
		b.overrun(was.Queue.Account.Name, was.Queue.Name, was.Bytes, was.Past)
	}
	return err
}

// overrun tells that a unit was admitted past the limit.
func (b *Budget) overrun(account, queue string, bytes, past int64) {
	b.emitOnce("", Event{Kind: EventOverrun, Account: account, Queue: queue, Bytes: bytes, Text: fmt.Sprintf(
		"a unit of %s was admitted, %s past the limit", bytesize.Format(bytes), bytesize.Format(past))})
}

// waits count the puts of a queue that slept, and for how long together. Those that still sleep count up to
// now: a gate that stays shut for minutes must show, and not first when it opens. Guarded by the budget's lock.
type waits struct {
	puts   int64
	asleep int64
	epoch  time.Time     // of the first sleep
	slept  time.Duration // the sum of all ends less all beginnings, as times since the epoch; may wrap around
}

// begin notes that a put falls asleep.
func (w *waits) begin() {
	now := time.Now()
	if w.puts == 0 {
		w.epoch = now
	}
	w.puts++
	w.asleep++
	w.slept -= now.Sub(w.epoch)
}

// end notes that one woke for good.
func (w *waits) end() {
	w.asleep--
	w.slept += time.Since(w.epoch)
}

// read returns how many puts slept, and for how long. The sum of what is meant by slept and the sleepers' part
// is right even where each alone wraps around.
func (w *waits) read() (puts int64, slept time.Duration) {
	if w.puts == 0 {
		return 0, 0
	}
	return w.puts, w.slept + time.Duration(w.asleep)*time.Since(w.epoch)
}

// waitInfo is who waits.
type waitInfo struct {
	since  time.Time
	stage  string
	goid   uint64
	nested bool // it waits for itself: see tellNestedLocked
}

// tickEvery is how often a budget looks at who waits at its gates. A put that waits for itself is told so after one
// or two of these: most waits are over by then, also of those who hold a unit.
const tickEvery = time.Second
