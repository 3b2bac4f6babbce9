package memacct

import (
	"fmt"
	"slices"

	"github.com/syncmem/syncmem/memacct/internal/core"
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

// Charge accounts for n bytes that are in no queue, such as a cache or a parser's table, and returns the function
// that gives them back. It never waits; what goes past the limit is debt and keeps the gates shut. A unit that fits
// beside everything but such charges is refused once nothing is in flight: nobody knows when they will end. The
// returned function may be called more than once and does nothing after the first time.
func (a *Account) Charge(n int64) (release func()) {
	if a == nil || a.b.mode == Off {
		return func() {}
	}
	if n < 0 {
		panic(fmt.Sprintf("memacct: account %q: Charge(%d): call the function that the first Charge returned to give bytes back", a.acct.Name, n))
	}
	n = min(n, core.MaxCharge)
	a.charge(n)
	done := false
	return func() {
		a.b.enter()
		if !done {
			done = true
			a.chargeLocked(-n)
		}
		a.b.leave()
	}
}

func (a *Account) charge(n int64) {
	a.b.enter()
	a.chargeLocked(n)
	a.b.leave()
}

// chargeLocked charges n bytes by name, or gives them back where n is negative.
func (a *Account) chargeLocked(n int64) {
	if g := a.b.gov; g != nil && g.steers {
		a.acct.ChargeBeside(n)
		return
	}
	a.acct.Charge(n)
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
