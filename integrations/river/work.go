package memriver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/riverqueue/river/rivertype"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
	"github.com/syncmem/syncmem/internal/bytesize"
)

const (
	again   = time.Second // a claimant asks again, and a worker lets go of a job that may not run
	doubled = 4           // times the snooze is doubled at most
)

// errDrained is why a job that waits in its worker goes back.
var errDrained = errors.New("drained")

// Work admits the job and runs it, snoozes it or cancels it; see [rivertype.WorkerMiddleware].
func (a *Admission) Work(ctx context.Context, row *rivertype.JobRow, next func(context.Context) error) error {
	job, key, err := a.job(row)
	if err != nil {
		return err
	}
	slot := a.slot()
	answer, err := a.wait(ctx, job, key, slot)
	switch {
	case err != nil:
		a.owe(slot) // the database may have a lease, and the answer was lost
		if ctx.Err() == nil && !errors.Is(err, errDrained) {
			a.cfg.Logger.Warn("memriver: a job waits, as nobody can say whether there is room", "job", job.ID, "error", err)
		}
		return a.snooze(ctx, answer)
	case answer.killed.times > 1:
		return rivertype.JobCancel(fmt.Errorf("memriver: the job died with its process twice, the second time alone on host %s: %s", answer.killed.host, answer.killed.last))
	case answer.Action == admit.Fail:
		return rivertype.JobCancel(fmt.Errorf("memriver: the job needs %s (%s), and no host has as much (%s): raise a budget, or have the job need less",
			bytesize.Format(answer.bytes), answer.why, answer.budgets))
	case answer.Action == admit.Wait:
		return a.snooze(ctx, answer)
	}
	return a.run(ctx, row, lease{slot: slot, job: job.ID, bytes: answer.bytes, group: job.Group, alone: answer.killed.times > 0, why: answer.why, key: key}, next)
}

// job is what the rules see of one, and the key to what was learned of it.
func (a *Admission) job(row *rivertype.JobRow) (admit.Job, string, error) {
	e, err := a.estimate(row)
	switch {
	case err != nil:
	case e.Bytes < 0:
		err = fmt.Errorf("is %d bytes", e.Bytes)
	case !isText(e.Key) || !isText(e.Group): // the database would refuse it each time, and the job wait for ever
		err = fmt.Errorf("has a key %q and a group %q, which must be UTF-8 without NUL", e.Key, e.Group)
	}
	if err != nil {
		return admit.Job{}, "", fmt.Errorf("memriver: the estimate of job %d (%s) %w: correct Config.Estimate", row.ID, row.Kind, err)
	}
	return admit.Job{ID: row.ID, Size: e.Bytes, Group: e.Group, Priority: row.Priority}, e.Key, nil
}

// estimate calls the program's function.
func (a *Admission) estimate(row *rivertype.JobRow) (e Estimate, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panicked with %q", fmt.Sprint(p))
		}
	}()
	if a.cfg.Estimate != nil {
		e = a.cfg.Estimate(row)
	}
	return e, nil
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// wait asks for the job, and goes on asking while it holds the claim of its host.
func (a *Admission) wait(ctx context.Context, job admit.Job, key string, slot int64) (answer, error) {
	claimed := false
	for {
		changed, drained := a.watch()
		if drained {
			return answer{}, a.unclaim(ctx, job, claimed, errDrained)
		}
		got, err := a.ask(ctx, job, key, slot)
		if err != nil {
			return got, a.unclaim(ctx, job, claimed, err)
		}
		if got.Action != admit.Claim {
			return got, nil
		}
		claimed = true
		select {
		case <-ctx.Done():
			return got, a.unclaim(ctx, job, claimed, ctx.Err())
		case <-changed:
		case <-time.After(again):
		}
	}
}

// ask asks once. A database that does not answer holds no worker for longer than a heartbeat.
func (a *Admission) ask(ctx context.Context, job admit.Job, key string, slot int64) (answer, error) {
	ctx, cancel := a.brief(ctx)
	defer cancel()
	return a.store.ask(ctx, a.rules, job, key, slot)
}

// watch returns what is closed with the next change, and whether the process admits nothing any more.
func (a *Admission) watch() (<-chan struct{}, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed, a.drained
}

// unclaim gives a claim up because of err. If it fails the claim is overtaken by the next who asks, or ends with the process.
func (a *Admission) unclaim(ctx context.Context, job admit.Job, claimed bool, err error) error {
	if claimed {
		ctx, cancel := a.brief(context.WithoutCancel(ctx))
		defer cancel()
		_ = a.store.unclaim(ctx, job.ID)
	}
	return err
}

// snooze puts the job back. The worker holds it for a moment, so that a full host does not spin; not where its group has
// too many already, nor where the process is to end.
func (a *Admission) snooze(ctx context.Context, got answer) error {
	changed, drained := a.watch()
	if drained || ctx.Err() != nil {
		return &rivertype.JobSnoozeError{}
	}
	if got.Reason != admit.Crowded {
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(again):
		}
	}
	after := again
	if got.Reason != admit.Elsewhere { // a larger host is a matter of luck, and not of time
		after <<= min(got.asks, doubled)
	}
	return &rivertype.JobSnoozeError{Duration: after}
}
