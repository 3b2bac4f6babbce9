package memriver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river/rivertype"

	"github.com/syncmem/syncmem/memacct"
)

// inContext is the key of a job's account.
type inContext struct{}

// Account is the account of the job that the context is of, on a budget with exactly the job's lease. It is nil, which
// accounts nothing, where the job was not admitted by an [Admission]. It ends with the job.
func Account(ctx context.Context) *memacct.Account {
	account, _ := ctx.Value(inContext{}).(*memacct.Account)
	return account
}

// run works the job on a budget of its own, and gives its lease back.
func (a *Admission) run(ctx context.Context, row *rivertype.JobRow, l lease, next func(context.Context) error) (err error) {
	a.mu.Lock()
	a.has[l.slot] = l
	a.mu.Unlock()
	peak, whole := int64(0), false
	defer func() { a.giveBack(ctx, l, peak, whole) }()
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(l.bytes), Logger: a.quiet})
	if err != nil {
		return fmt.Errorf("memriver: no budget for job %d: %w", row.ID, err)
	}
	recorded := a.record(budget, l.slot)
	defer recorded()
	returned := errAway
	defer func() {
		peak, whole = observed(budget.Stats().Peak, returned)
		a.end(budget, row)
	}()
	returned = next(context.WithValue(ctx, inContext{}, budget.Account(fmt.Sprintf("%s/%d", row.Kind, row.ID))))
	return returned
}

// errAway is the error of a job that did not return: it panicked.
var errAway = errors.New("did not return")

// end closes the budget of a job. What it still has is told, and not waited for.
func (a *Admission) end(budget *memacct.Budget, row *rivertype.JobRow) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if err := budget.Close(over); err != nil {
		a.cfg.Logger.Warn("memriver: a job ended and left units behind", "job", row.ID, "kind", row.Kind, "error", err)
	}
}

// slot has a place for the lease of a job that asks.
func (a *Admission) slot() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next++
	return a.next
}

// owe has the next heartbeat give back the lease in a slot, if there is one.
func (a *Admission) owe(slot int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = append(a.ended, slot)
}

// giveBack ends a lease, and has the peak of its job learned. Where the database can't be told so now, the next
// heartbeat ends the lease, and the peak is lost.
func (a *Admission) giveBack(ctx context.Context, l lease, peak int64, whole bool) {
	ctx, cancel := a.brief(context.WithoutCancel(ctx))
	defer cancel()
	err := a.store.release(ctx, l, peak, whole)
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.has, l.slot)
	if err != nil {
		a.ended = append(a.ended, l.slot)
	}
	a.wake()
}

// warnings passes on what is a warning at least: that a budget was opened is no news where each job has one.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}
