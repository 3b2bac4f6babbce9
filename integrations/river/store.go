package memriver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/syncmem/syncmem/integrations/river/internal/admit"
)

// store keeps processes, leases and waiting jobs in PostgreSQL. Every method is one transaction under the lock of the
// host, and time is the database's.
type store struct {
	pool    *pgxpool.Pool
	process process
	records string // the folder, "" if there is none
}

// process is what others know of this one, beside its budget, which may change.
type process struct {
	id, host, machine string
	workers           int
	every             time.Duration
}

// lease is what a running job of this process has.
type lease struct {
	slot  int64
	job   int64
	bytes int64
	group string
	alone bool
	why   string
	key   string
}

// hostLock serializes all that is decided about one host.
const hostLock = "SELECT pg_advisory_xact_lock(1296387410, hashtext($1))"

// lively is whether process p showed up within its last two heartbeats. A beat in the future is none: the clock jumped.
const lively = "p.beat BETWEEN clock_timestamp() - 2 * p.every AND clock_timestamp()"

// counted is whether process p counts, as process $1 sees it: it lives, or $1 can't tell, since it has not shown up itself
// for long enough.
const counted = "(" + lively + " OR NOT EXISTS (SELECT FROM memriver_process p, memriver_process s " +
	"WHERE s.id = $1 AND p.id = s.id AND " + lively + " AND s.steady <= clock_timestamp() - 2 * s.every))"

// remembered is how long a host that is away still counts as one that may come back.
const remembered = "clock_timestamp() - interval '1 hour'"

// locked runs fn in a transaction under the lock of this host.
func (s *store) locked(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, hostLock, s.process.host); err != nil {
			return err
		}
		return fn(tx)
	})
}

// open makes the tables, and this process one of its host.
func (s *store) open(ctx context.Context, budget int64) error {
	if err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return migrate(ctx, tx) }); err != nil {
		return err
	}
	return s.locked(ctx, func(tx pgx.Tx) error {
		other := ""
		err := tx.QueryRow(ctx, "SELECT coalesce(max(machine), '') FROM memriver_process p WHERE host = $1 AND machine <> $2 AND "+lively,
			s.process.host, s.process.machine).Scan(&other)
		if err == nil && other != "" {
			err = fmt.Errorf("another machine takes part as host %q: give one of them another name by Config.Host", s.process.host)
		}
		if err != nil {
			return err
		}
		return s.enter(ctx, tx, budget, nil)
	})
}

// enter makes this process known, with what it has.
func (s *store) enter(ctx context.Context, tx pgx.Tx, budget int64, has []lease) error {
	p := s.process
	b := &pgx.Batch{}
	b.Queue("INSERT INTO memriver_host VALUES ($1, $2, clock_timestamp()) ON CONFLICT DO NOTHING", p.host, budget)
	b.Queue(`INSERT INTO memriver_process VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp())`,
		p.id, p.host, p.machine, budget, p.workers, p.every)
	for _, l := range has {
		s.insert(b, l)
	}
	s.budget(b)
	return tx.SendBatch(ctx, b).Close()
}

func (s *store) insert(b *pgx.Batch, l lease) {
	b.Queue("INSERT INTO memriver_lease VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())",
		s.process.id, l.slot, l.job, l.bytes, l.group, l.alone, l.why, l.key)
}

// budget has the host show the least budget of its processes.
func (s *store) budget(b *pgx.Batch) {
	b.Queue(`UPDATE memriver_host SET seen = clock_timestamp(), budget = least.budget
		FROM (SELECT min(budget) AS budget FROM memriver_process p WHERE host = $2 AND `+counted+`) AS least WHERE name = $2`,
		s.process.id, s.process.host)
}

// beat shows that this process lives, gives back the slots in ended and buries the host's dead. Where others took it for
// dead it comes back with what it has.
func (s *store) beat(ctx context.Context, budget int64, ended []int64, has []lease) error {
	p := s.process
	return s.locked(ctx, func(tx pgx.Tx) error {
		known, err := tx.Exec(ctx, `UPDATE memriver_process p SET budget = $2, beat = clock_timestamp(),
			steady = CASE WHEN `+lively+` THEN steady ELSE clock_timestamp() END WHERE id = $1`, p.id, budget)
		if err != nil {
			return err
		}
		if known.RowsAffected() == 0 {
			return s.enter(ctx, tx, budget, has)
		}
		if err := s.bury(ctx, tx); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue("DELETE FROM memriver_lease WHERE process = $1 AND slot = ANY($2)", p.id, ended)
		b.Queue(oldKilled)
		b.Queue("DELETE FROM memriver_wait WHERE job IN (SELECT job FROM memriver_wait WHERE asked < " + remembered + " FOR UPDATE SKIP LOCKED)")
		s.budget(b)
		return tx.SendBatch(ctx, b).Close()
	})
}

// release gives a lease back, and learns what its job needed.
func (s *store) release(ctx context.Context, l lease, peak int64, whole bool) error {
	b := &pgx.Batch{}
	b.Queue("DELETE FROM memriver_lease WHERE process = $1 AND slot = $2", s.process.id, l.slot)
	b.Queue(endKilled, l.job)
	learn(b, l.key, peak, whole)
	return s.pool.SendBatch(ctx, b).Close()
}

// leave ends the process; its host is remembered.
func (s *store) leave(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, "DELETE FROM memriver_process WHERE id = $1", s.process.id)
	return err
}

// unclaim gives up what a job waits for in its worker.
func (s *store) unclaim(ctx context.Context, job int64) error {
	_, err := s.pool.Exec(ctx, "UPDATE memriver_wait SET claims = NULL WHERE job = $2 AND claims = $1", s.process.id, job)
	return err
}

// answer is a decision, with what there is to tell of it.
type answer struct {
	admit.Answer
	asks    int    // how many times the job asked in vain before
	bytes   int64  // of its lease
	why     string // it is that much, in words
	killed  killed
	budgets string // of the largest hosts, in words, where all are too small
}

// remedies says what to do about errors of the database, by SQLSTATE.
var remedies = map[string]string{
	"25006": "the database takes no changes; name the server that does",
	"42501": "let the user make tables in the database, or make them as one who may",
	"42703": "another program made tables whose names begin with memriver_; use another database, or schema",
	"42P07": "another program made tables whose names begin with memriver_; use another database, or schema",
}

// explained is a database's error as one line, with what to do where that is known.
func explained(err error) error {
	server, connect := new(pgconn.PgError), new(pgconn.ConnectError)
	switch {
	case errors.As(err, &connect):
		err = fmt.Errorf("memriver: PostgreSQL can't be reached, start it or correct the DSN: %w", err)
	case errors.As(err, &server) && remedies[server.Code] != "":
		err = fmt.Errorf("memriver: %w; %s", err, remedies[server.Code])
	default:
		err = fmt.Errorf("memriver: %w", err)
	}
	if strings.Contains(err.Error(), "\n") {
		return &oneLine{err}
	}
	return err
}

// oneLine is an error without line breaks.
type oneLine struct{ error }

func (e *oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e *oneLine) Unwrap() error { return e.error }
