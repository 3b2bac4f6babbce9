package memriver

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
	"github.com/syncmem/syncmem/internal/bytesize"
)

// largestBudget is that of all hosts that are there or may come back.
const largestBudget = "SELECT coalesce(max(budget), 0) FROM memriver_host WHERE seen > " + remembered

// view is what a decision is made of.
type view struct {
	here    bool // this process counts as one of its host
	host    admit.Host
	largest int64
	waited  time.Duration
	asks    int
	learned learned
	killed  killed
}

// ask decides about a job that a worker of this process has, and keeps the decision. If it is admitted its lease has the
// slot. Its size is at least what was learned of the key.
func (s *store) ask(ctx context.Context, rules admit.Rules, j admit.Job, key string, slot int64) (a answer, err error) {
	err = s.locked(ctx, func(tx pgx.Tx) error {
		v, err := s.look(ctx, tx, j.ID, key)
		if err != nil {
			return err
		}
		if !v.here {
			return errors.New("this process was taken for dead; its next heartbeat brings it back")
		}
		j.Waited = v.waited
		a = v.decide(rules, &j)
		if a.Action == admit.Fail && a.killed.times < 2 {
			if a.budgets, err = budgets(ctx, tx); err != nil {
				return err
			}
		}
		return s.keep(ctx, tx, a, j, key, slot)
	})
	return a, err
}

// decide answers a job. One that died with its process runs alone the next time, with all that its host has, and then no
// more.
func (v view) decide(rules admit.Rules, j *admit.Job) answer {
	a := answer{asks: v.asks, killed: v.killed}
	j.Size, a.why = v.learned.sized(j.Size, v.host.Budget, v.largest)
	j.Alone = v.killed.times > 0
	if v.killed.times > 1 {
		a.Action = admit.Fail
		return a
	}
	a.Answer, a.bytes = admit.Decide(rules, v.largest, v.host, *j), j.Size
	if j.Alone && a.Action == admit.Admit {
		a.bytes, a.why = v.host.Budget, "all of the host, as it died with its process before"
	}
	return a
}

// look reads what there is to know, in one round trip.
func (s *store) look(ctx context.Context, tx pgx.Tx, job int64, key string) (v view, err error) {
	id, host := s.process.id, s.process.host
	b := &pgx.Batch{}
	b.Queue(`SELECT coalesce(min(budget), 0), CASE WHEN min(workers) > 0 THEN sum(workers) ELSE 0 END, coalesce(bool_or(id = $1), false)
		FROM memriver_process p WHERE host = $2 AND `+counted, id, host).QueryRow(func(r pgx.Row) error {
		return r.Scan(&v.host.Budget, &v.host.Workers, &v.here)
	})
	b.Queue(`SELECT job, bytes, grp, alone FROM memriver_lease l JOIN memriver_process p ON p.id = l.process
		WHERE host = $2 AND `+counted, id, host).Query(func(rows pgx.Rows) (err error) {
		v.host.Leases, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (l admit.Lease, err error) {
			return l, r.Scan(&l.Job, &l.Bytes, &l.Group, &l.Alone)
		})
		return err
	})
	b.Queue(`SELECT job, bytes, grp, priority, alone, clock_timestamp() - since FROM memriver_wait w JOIN memriver_process p ON p.id = w.claims
		WHERE host = $2 AND `+counted+` ORDER BY priority, since, job LIMIT 1`, id, host).QueryRow(func(r pgx.Row) error {
		var c admit.Job
		err := r.Scan(&c.ID, &c.Size, &c.Group, &c.Priority, &c.Alone, &c.Waited)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		v.host.Claim = &c
		return err
	})
	b.Queue("SELECT clock_timestamp() - since, asks FROM memriver_wait WHERE job = $1", job).QueryRow(func(r pgx.Row) error {
		err := r.Scan(&v.waited, &v.asks)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	b.Queue(readKilled, job).QueryRow(v.killed.scan)
	b.Queue(readPeak, key).QueryRow(v.learned.scan)
	b.Queue(largestBudget).QueryRow(func(r pgx.Row) error {
		return r.Scan(&v.largest)
	})
	return v, tx.SendBatch(ctx, b).Close()
}

// keep writes a decision down.
func (s *store) keep(ctx context.Context, tx pgx.Tx, a answer, j admit.Job, key string, slot int64) error {
	b := &pgx.Batch{}
	switch a.Action {
	case admit.Admit:
		s.insert(b, lease{slot: slot, job: j.ID, bytes: a.bytes, group: j.Group, alone: j.Alone, why: a.why, key: key})
		fallthrough
	case admit.Fail:
		b.Queue("DELETE FROM memriver_wait WHERE job = $1", j.ID)
		if a.Action == admit.Fail {
			b.Queue(endKilled, j.ID)
		}
	case admit.Claim:
		b.Queue(`UPDATE memriver_wait SET claims = NULL FROM memriver_process p WHERE p.id = claims AND p.host = $1 AND job <> $2`, s.process.host, j.ID)
		s.wait(b, a, j, &s.process.id)
	case admit.Wait:
		s.wait(b, a, j, nil)
	}
	return tx.SendBatch(ctx, b).Close()
}

// wait has a job be one that waits.
func (s *store) wait(b *pgx.Batch, a answer, j admit.Job, claims *string) {
	b.Queue(`INSERT INTO memriver_wait VALUES ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp(), 1, $6, $7, $9, $8)
		ON CONFLICT (job) DO UPDATE SET bytes = $2, grp = $3, priority = $4, alone = $5, asked = clock_timestamp(),
		asks = memriver_wait.asks + 1, reason = $6, behind = $7, why = $9, claims = $8`,
		j.ID, a.bytes, j.Group, j.Priority, j.Alone, string(a.Reason), a.Behind, claims, a.why)
}

// budgets names the largest hosts: "a 8.0 GiB, b 4.0 GiB".
func budgets(ctx context.Context, tx pgx.Tx) (string, error) {
	rows, err := tx.Query(ctx, "SELECT name, budget FROM memriver_host WHERE seen > "+remembered+" ORDER BY budget DESC, name LIMIT 5")
	if err != nil {
		return "", err
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (string, error) {
		name, budget := "", int64(0)
		err := r.Scan(&name, &budget)
		return name + " " + bytesize.Format(budget), err
	})
	return strings.Join(all, ", "), err
}
