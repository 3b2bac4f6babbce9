package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/internal/calls"
)

// onConnect sets up each connection. The rows of the temporary tables go at the
// end of the transaction. What we do at once with others is made for the
// isolation that is the default of PostgreSQL, but not of every server.
const onConnect = `SET default_transaction_isolation = 'read committed';
CREATE TEMP TABLE IF NOT EXISTS syncmem_incoming (
	id bytea, kind text, key bytea, n int, seq int, data bytea) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS syncmem_incoming_artifacts (
	n int, id bytea, path bytea, size bigint, sum bytea, url bytea, kept boolean) ON COMMIT DELETE ROWS;`

// Open opens the store in the database that dsn names, in either form libpq
// takes, and makes its tables if need be, or those that an earlier program of
// ours did not make. Errors are one line and never hold the password. The caller
// must Close the store.
//
// A server that neither sends nor takes a byte for 2 minutes while it is waited
// for is an error; the parameter answer_timeout of dsn makes it another time,
// such as 10m, or 0s for none. A context that ends ends a call at once, but a
// commit has half a second more.
func Open(ctx context.Context, dsn string) (store.Versioned, error) {
	s, cfg, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, onConnect)
		return err
	}
	s.draftConfig, s.drafts = draftConfig(cfg.ConnConfig), make(map[*draft]struct{})
	if s.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, s.explain(err)
	}
	if err := s.migrate(ctx); err != nil {
		s.closePool()
		return nil, s.explain(err)
	}
	return s, nil
}

// parse reads dsn, and returns the store that is not connected yet.
func parse(dsn string) (*db, *pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, nil, fmt.Errorf("store postgres: %w", withoutDSN(err))
	}
	answer, err := parseAnswer(cfg.ConnConfig.RuntimeParams)
	if err != nil {
		return nil, nil, fmt.Errorf("store postgres: %w", err)
	}
	cs := &conns{answer: answer, open: make(map[*conn]struct{})}
	cfg.ConnConfig.DialFunc = cs.dialer(cfg.ConnConfig.DialFunc)
	c := cfg.ConnConfig
	return &db{name: fmt.Sprintf("postgres://%s:%d/%s", c.Host, c.Port, c.Database), calls: calls.New(), conns: cs}, cfg, nil
}

// withoutDSN is what is wrong with a DSN, without the DSN: where that is broken nobody can tell for sure which part of it
// is the password.
func withoutDSN(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); !ok {
		return err
	}
	const end = "`: " // of the DSN
	what := "it cannot be parsed"
	if text := err.Error(); strings.Contains(text, end) {
		what = text[strings.LastIndex(text, end)+len(end):]
	}
	return fmt.Errorf("the DSN cannot be used: %s; want postgres://user:password@host:port/database, with what means something in a URL as %%XX", what)
}

// advice says what to do about the server's errors, by the first two letters of their SQLSTATE, which are its class.
var advice = map[string]string{
	"08": "check the server and the network, then run again",
	"25": "the database takes no changes; name the server that does",
	"40": "another program was in the way; run again",
	"42": "check that the user may make and use the tables, or use another database",
	"53": "the server is short of disk, memory or connections; free some and run again",
	"57": "the server ended it; see its log, then run again",
}

// explain names the database in an error, once; the ends of contexts and our
// own errors pass as they are.
func (s *db) explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	pgErr, told := errors.AsType[*pgconn.PgError](err)
	if !told && s.conns.silent() {
		return fmt.Errorf("store %s: the server did not answer for %v; check it and the network, or set %s, then run again", s.name, s.conns.answer, answerParam)
	}
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return fmt.Errorf("store %s: cannot connect: %w; check the address, and that the server runs", s.name, oneLine{e.Unwrap()})
	}
	if told && advice[pgErr.Code[:min(2, len(pgErr.Code))]] != "" {
		return fmt.Errorf("store %s: %w; %s", s.name, err, advice[pgErr.Code[:2]])
	}
	return fmt.Errorf("store %s: %w", s.name, err)
}
