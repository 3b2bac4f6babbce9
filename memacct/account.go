package memacct

import (
	"context"
	"fmt"
	"runtime/pprof"
	"slices"

	"github.com/syncmem/syncmem/memacct/internal/core"
	"github.com/syncmem/syncmem/memacct/internal/stacks"
)

// Account is one pipeline's part of a budget. A nil *Account accounts nothing: gates and queues made from it
// are plain bounded queues. All methods may be called from many goroutines.
type Account struct {
	b      *Budget
	acct   core.Account
	queues []*queueInfo // that are not over; guarded by the budget's lock
	past   []QueueStats // of those that are, summed up by name; likewise
	holds  []*Hold      // that are not released; likewise
	growth growth       // likewise
	closed bool         // likewise
}

// queueInfo is what statistics need of a queue whatever its type of unit.
type queueInfo struct {
	q       *core.Queue
	unit    string // the type of its units
	waits   *waits
	most    func() int64 // the largest unit queued, in bytes
	discard func() int   // drops what is queued
	aged    aged         // since when nothing moved in it
	shares  int          // units taken from it that are in several queues
	taken   bool         // a loop has taken from it, or was about to
	untaken bool         // that none has was told

	growth float64 // see QueueStats.Growth; guarded by the budget's lock
}

// AccountOption changes how an account shares the budget with others.
type AccountOption func(*Account)

// WithFloor keeps that many bytes of the budget for this account alone. A floor isolates a pipeline from a
// neighbour whose stage hangs; it is not lent while unused.
func WithFloor(bytes int64) AccountOption {
	if bytes < 0 {
		panic(fmt.Sprintf("memacct: WithFloor(%d): a floor is 0 bytes or more", bytes))
	}
	return func(a *Account) { a.acct.Floor = bytes }
}

// WithWeight says how much this account counts against others, 1 if it is not given: of the accounts whose
// gates have a waiter, the one that uses the fewest bytes per weight goes first.
func WithWeight(w float64) AccountOption {
	if !(w > 0) {
		panic(fmt.Sprintf("memacct: WithWeight(%v): a weight is more than 0", w))
	}
	return func(a *Account) { a.acct.Weight = w }
}

// Name returns the account's name, "" for a nil account.
func (a *Account) Name() string {
	if a == nil {
		return ""
	}
	return a.acct.Name
}

// Budget returns the budget that the account is on, nil for a nil account.
func (a *Account) Budget() *Budget {
	if a == nil {
		return nil
	}
	return a.b
}

// Close ends the account, for pipelines that end while the budget lives on: its queues are closed, what is in them
// and no loop takes is dropped, its floor goes back to the others, and it leaves the statistics once its last unit has
// ended. A loop that still runs gets what is queued for it.
func (a *Account) Close() {
	if a == nil {
		return
	}
	a.b.enter()
	defer a.b.leave()
	a.closed = true
	for _, i := range a.queues {
		i.q.Close()
	}
	a.dropUntakenLocked()
	a.b.core.Remove(&a.acct)
	a.b.forgetLocked()
}

// dropUntakenLocked drops what is queued where no loop takes from, if the account is closed.
func (a *Account) dropUntakenLocked() {
	if !a.closed {
		return
	}
	for _, i := range a.queues {
		if loops, _ := i.q.Consumers(); loops == 0 {
			i.discard()
		}
	}
}

// forgetLocked drops the accounts that are closed and empty, and the queues that are over.
func (b *Budget) forgetLocked() {
	for _, a := range b.owners {
		a.forgetLocked()
	}
	b.owners = slices.DeleteFunc(b.owners, func(a *Account) bool { return a.closed && a.acct.Empty() })
}

// mostPast is how many names of queues that are over an account remembers.
const mostPast = 64

// forgetLocked sums up the queues that are over.
func (a *Account) forgetLocked() {
	a.queues = slices.DeleteFunc(a.queues, func(i *queueInfo) bool {
		if !i.q.Over() {
			return false
		}
		s := i.statsLocked()
		if p := a.pastOfLocked(s.Name, s.Gate); p != nil {
			*p = s.after(*p)
			return true
		}
		if len(a.past) == mostPast {
			a.past = slices.Delete(a.past, 0, 1)
		}
		a.past = append(a.past, s)
		return true
	})
}

// pastOfLocked are the figures of the queues of a name that are over, nil if there are none.
func (a *Account) pastOfLocked(name string, gate bool) *QueueStats {
	i := slices.IndexFunc(a.past, func(s QueueStats) bool { return s.Name == name && s.Gate == gate })
	if i < 0 {
		return nil
	}
	return &a.past[i]
}

// The pprof labels that [Account.Stage] sets. They show in goroutine and CPU profiles.
const (
	LabelAccount = "syncmem.account"
	LabelStage   = "syncmem.stage"
)

// stage is one that runs.
type stage struct {
	a    *Account
	name string
	goid uint64
}

// Stage runs fn, one stage of a pipeline or the first stage, and returns its error. Reports know by it who is
// who: its goroutine, those that it starts, and the loops and puts that are given the context which fn gets.
// It costs some microseconds, once. With a nil account it sets the label of the stage alone.
func (a *Account) Stage(ctx context.Context, name string, fn func(ctx context.Context) error) (err error) {
	labels := []string{LabelStage, name}
	if a != nil {
		labels = append(labels, LabelAccount, a.acct.Name)
	}
	pprof.Do(ctx, pprof.Labels(labels...), func(ctx context.Context) {
		if a != nil && a.b.mode != Off {
			s := &stage{a, name, stacks.GoroutineID()}
			a.b.beginStage(s)
			defer a.b.endStage(s)
		}
		err = fn(ctx)
	})
	return err
}

// beginStage notes a stage that runs.
func (b *Budget) beginStage(s *stage) {
	b.enter()
	b.holders.stages = append(b.holders.stages, s)
	b.leaveQuietly()
}

// endStage forgets it.
func (b *Budget) endStage(s *stage) {
	b.enter()
	b.holders.stages = slices.DeleteFunc(b.holders.stages, func(o *stage) bool { return o == s })
	b.leaveQuietly()
}

// stageOf is the name of the stage that a context belongs to, "" if none.
func stageOf(ctx context.Context) string {
	if ctx == nil {
		return ""
	}
	name, _ := pprof.Label(ctx, LabelStage)
	return name
}
