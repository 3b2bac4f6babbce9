package memriver

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river/rivertype"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
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

// run works the job on a budget of its own.
func (a *Admission) run(ctx context.Context, row *rivertype.JobRow, job admit.Job, slot, bytes int64, next func(context.Context) error) error {
	a.mu.Lock()
	a.has[slot] = lease{slot: slot, job: job.ID, bytes: bytes, group: job.Group, alone: job.Alone}
	a.mu.Unlock()
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(bytes), Logger: a.quiet})
	if err != nil {
		return fmt.Errorf("memriver: no budget for job %d: %w", job.ID, err)
	}
	defer a.end(budget, row)
	return next(context.WithValue(ctx, inContext{}, budget.Account(fmt.Sprintf("%s/%d", row.Kind, row.ID))))
}

// end closes the budget of a job that returned, or panicked. What it still has is told, and not waited for.
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

// giveBack ends the lease in a slot. Where the database can't be told so now, the next heartbeat does.
func (a *Admission) giveBack(ctx context.Context, slot int64) {
	ctx, cancel := a.brief(context.WithoutCancel(ctx))
	defer cancel()
	err := a.store.release(ctx, slot)
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.has, slot)
	if err != nil {
		a.ended = append(a.ended, slot)
	}
	a.wake()
}

// warnings passes on what is a warning at least: that a budget was opened is no news where each job has one.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}
