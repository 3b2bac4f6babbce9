package postgres

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The schemas of Apart are known by their name and their comment together: nobody else's is ever dropped. Whoever uses one
// holds a lock of its name (the number is "SYND").
const (
	apartPrefix  = "syncmem_apart_"
	apartComment = "a store of syncmem for one use; it is dropped when that is over, or by the next one"
	apartLock    = "1398361668, hashtext($1)"
	apartLeft    = `SELECT nspname FROM pg_namespace WHERE nspname ~ ('^' || $1 || '[0-9a-f]{16}$')
	AND nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND obj_description(oid, 'pg_namespace') = $2`
)

// dropPatience is how long a drop waits for who still works in the schema.
const dropPatience = 10 * time.Second

// Apart makes room for one use in the database that dsn names, in a form that [Open] takes: an empty schema. The dsn that
// it returns is for Open, and finds that schema alone, whatever search_path was before. remove drops the schema with all
// that is in it; close the stores in it first. Errors are as those of Open. The user must be allowed to make schemas.
//
// A connection is open until remove is called. If the process ends before, however that is, the schema stays behind until
// the next call of Apart by the same user in that database, which drops it: a lock of that connection tells which schemas
// are in use.
func Apart(ctx context.Context, dsn string) (inside string, remove func(context.Context) error, err error) {
	s, cfg, err := parse(dsn)
	if err != nil {
		return "", nil, err
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	schema := apartPrefix + hex.EncodeToString(random[:])
	if inside, err = within(dsn, schema); err != nil {
		return "", nil, err
	}
	c, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err == nil {
		err = makeApart(ctx, c, schema)
	}
	if err != nil {
		if c != nil {
			s.part(c)
		}
		return "", nil, s.explain(err)
	}
	return inside, func(ctx context.Context) error {
		defer s.part(c)
		if err := drop(ctx, c, schema); err != nil {
			return fmt.Errorf("schema %s is left behind, and dropped when the next one is made: %w", schema, s.explain(err))
		}
		return nil
	}, nil
}

// part closes a connection, and does not wait for a server that is frozen.
func (s *db) part(c *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	_ = c.Close(ctx)
	s.conns.cut()
}

// within is dsn with that schema as the only one that is looked into.
func within(dsn, schema string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " search_path=" + schema, nil
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("store postgres: the DSN is no URL") // the error would have it, with the password
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// makeApart drops what others left behind and makes the schema. The lock comes first: there is no moment in which the
// schema seems left behind itself.
func makeApart(ctx context.Context, c *pgx.Conn, schema string) error {
	if _, err := c.Exec(ctx, fmt.Sprintf("SET lock_timeout = %d", dropPatience.Milliseconds())); err != nil {
		return err
	}
	if err := dropLeft(ctx, c); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock("+apartLock+")", schema); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+schema); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "COMMENT ON SCHEMA "+schema+" IS '"+apartComment+"'")
		return err
	})
}

// dropLeft drops the schemas that nobody uses any more. One that somebody still works in is left to the next.
func dropLeft(ctx context.Context, c *pgx.Conn) error {
	rows, err := c.Query(ctx, apartLeft, apartPrefix, apartComment)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, schema := range all {
		free := false
		if err := c.QueryRow(ctx, "SELECT pg_try_advisory_lock("+apartLock+")", schema).Scan(&free); err != nil {
			return err
		}
		if !free {
			continue
		}
		const lockNotAvailable = "55P03"
		if e, ok := errors.AsType[*pgconn.PgError](drop(ctx, c, schema)); ok && e.Code != lockNotAvailable {
			return e
		}
		if _, err := c.Exec(ctx, "SELECT pg_advisory_unlock("+apartLock+")", schema); err != nil {
			return err
		}
	}
	return nil
}

// drop drops a schema of ours, whose name needs no quotes.
func drop(ctx context.Context, c *pgx.Conn, schema string) error {
	_, err := c.Exec(ctx, "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
	return err
}
