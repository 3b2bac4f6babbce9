package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
)

// draft is a temporary table of a connection of its own, with what the version will have. The server drops it with the
// connection, so a draft is gone with its process, however that ends, and nobody else's. What is added twice is there
// twice until it is published: an index would make adding slow.
type draft struct {
	*db
	repository string
	conn       *pgx.Conn
	turn       chan struct{} // holds one token while a call runs; whoever put it there may use the rest
	over       bool
}

// cancelGrace is how long the server may take to hear that a statement of a draft is cancelled. After that the
// connection is given up, and the draft with it.
const cancelGrace = 2 * time.Second

// draftConfig is for connections that outlive a call that is cancelled: the server is asked to stop.
func draftConfig(pool *pgx.ConnConfig) *pgx.ConnConfig {
	cfg := pool.Copy()
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: cancelGrace}
	}
	return cfg
}

// Begin opens the draft's connection; see [store.Versioned].
func (s *db) Begin(ctx context.Context, repository string) (store.Draft, error) {
	if err := store.CheckRepository(repository); err != nil {
		return nil, s.explain(err)
	}
	end, err := s.calls.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	conn, err := s.connectDraft(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, s.explain(err)
	}
	d := &draft{db: s, repository: repository, conn: conn, turn: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drafts[d] = struct{}{}
	return d, nil
}

// onDraft sets up a draft's connection. A client that vanished in the middle of a publish, and whose network does not tell
// the server, keeps the repository's row locked for no longer than that: we never pause in a transaction.
const onDraft = onConnect + `SET idle_in_transaction_session_timeout = '20s'; CREATE TEMP TABLE syncmem_draft (id bytea NOT NULL)`

func (s *db) connectDraft(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.draftConfig.Copy())
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, onDraft); err != nil {
		closeSoon(conn)
		return nil, err
	}
	return conn, nil
}

func closeSoon(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	_ = conn.Close(ctx)
}

// begin waits for the draft's turn, and fails if the draft is over.
func (d *draft) begin(ctx context.Context) (end func(), err error) {
	done, err := d.calls.Begin(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case d.turn <- struct{}{}:
		end = func() { <-d.turn; done() }
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
	switch {
	case d.over:
		err = fmt.Errorf("repository %q: %w", d.repository, store.ErrOver)
	case d.conn.IsClosed():
		err = fmt.Errorf("repository %q: the connection that the draft lived on is gone: %w", d.repository, store.ErrOver)
	default:
		return end, nil
	}
	end()
	return nil, d.explain(err)
}

// transact is that of the store on the draft's connection, which a begin that is cut off would end.
func (d *draft) transact(ctx context.Context, fn func(pgx.Tx) error) error {
	return d.db.transact(ctx, patient{d.conn}, fn)
}

// patient begins transactions with a little more time than their context has.
type patient struct{ *pgx.Conn }

func (p patient) Begin(ctx context.Context) (pgx.Tx, error) {
	ctx, cancel := graceful(ctx)
	defer cancel()
	return p.Conn.Begin(ctx)
}

// add takes keys that are all kept, and else none: then it is the number of the first that is not.
const add = `
WITH keys AS (
	SELECT id, n FROM unnest($1::bytea[]) WITH ORDINALITY AS k (id, n)
), missing AS (
	SELECT min(n) AS n FROM keys WHERE NOT EXISTS (SELECT FROM syncmem_content AS c WHERE c.id = keys.id)
), added AS (
	INSERT INTO syncmem_draft SELECT id FROM keys WHERE (SELECT n FROM missing) IS NULL
)
SELECT coalesce(n, 0) FROM missing`

// Add sends the identities of many units at once; see [store.Draft].
func (d *draft) Add(ctx context.Context, units []contentmodel.Unit) error {
	end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return d.explain(d.transact(ctx, func(tx pgx.Tx) error {
		for len(units) > 0 {
			n := min(len(units), askRows)
			missing := 0
			if err := tx.QueryRow(ctx, add, identities(units[:n])).Scan(&missing); err != nil {
				return err
			}
			if missing > 0 {
				u := units[missing-1]
				return fmt.Errorf("%s %.80q: %w", u.Kind(), u.Key(), store.ErrNotKept)
			}
			units = units[n:]
		}
		return nil
	}))
}

// Discard closes the draft's connection; see [store.Draft].
func (d *draft) Discard() error {
	done, err := d.calls.Begin(context.Background())
	if errors.Is(err, store.ErrClosed) {
		return nil // and so is the connection
	}
	defer done()
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	d.end()
	return nil
}

// end frees what the draft has.
func (d *draft) end() {
	d.over = true
	d.mu.Lock()
	delete(d.drafts, d)
	d.mu.Unlock()
	closeSoon(d.conn)
}
