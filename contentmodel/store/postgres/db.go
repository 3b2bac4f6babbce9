package postgres

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/internal/calls"
	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// db is the store. Saves take turns: two that copy at once would only wait for
// each other's keys, in an order that can deadlock.
type db struct {
	name   string // without password
	pool   *pgxpool.Pool
	calls  *calls.Calls
	conns  *conns
	packer pack.Packer // of the save whose turn it is

	draftConfig *pgx.ConnConfig
	mu          sync.Mutex
	drafts      map[*draft]struct{} // that are not over
}

// Close waits for calls that run, then closes the connections, at the latest
// when the server had a moment to hear of it.
func (s *db) Close() error {
	return s.calls.Close(func() error { s.closePool(); return nil })
}

func (s *db) closePool() {
	defer time.AfterFunc(closeGrace, s.conns.cut).Stop()
	for d := range s.drafts { // no call runs any more
		_ = d.conn.Close(context.Background())
	}
	s.pool.Close()
}

// identity is what content is found by. Kinds hold no zero byte, so no two
// pairs run together into the same bytes.
func identity(kind, key string) []byte {
	h := sha256.New()
	_, _ = io.WriteString(h, kind+"\x00")
	_, _ = io.WriteString(h, key)
	return h.Sum(nil)
}

// askRows is how many keys one query asks for, 32 bytes each.
const askRows = 1000

// Existing asks for many keys at once; see [store.Store].
func (s *db) Existing(ctx context.Context, units []contentmodel.Unit, found []bool) error {
	end, err := s.calls.Begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	clear(found[:len(units)])
	for len(units) > 0 {
		n := min(len(units), askRows)
		if err := s.ask(ctx, units[:n], found); err != nil {
			return s.explain(err)
		}
		units, found = units[n:], found[n:]
	}
	return nil
}

func identities(units []contentmodel.Unit) [][]byte {
	ids := make([][]byte, len(units))
	for i, u := range units {
		ids[i] = identity(u.Kind(), u.Key())
	}
	return ids
}

func (s *db) ask(ctx context.Context, units []contentmodel.Unit, found []bool) error {
	rows, err := s.pool.Query(ctx, `SELECT k.n FROM unnest($1::bytea[]) WITH ORDINALITY AS k (id, n)
		JOIN syncmem_content USING (id)`, identities(units))
	if err != nil {
		return err
	}
	var n int
	_, err = pgx.ForEachRow(rows, []any{&n}, func() error {
		found[n-1] = true // counted from 1
		return nil
	})
	return err
}

// Count reads the whole table; see [store.Store].
func (s *db) Count(ctx context.Context) (n int64, err error) {
	end, err := s.calls.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	err = s.pool.QueryRow(ctx, "SELECT count(*) FROM syncmem_content").Scan(&n)
	return n, s.explain(err)
}

// Body writes the chunks as they arrive; see [store.Store].
func (s *db) Body(ctx context.Context, kind, key string, w io.Writer) error {
	end, err := s.calls.Begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	rows, err := s.pool.Query(ctx, "SELECT data FROM syncmem_body WHERE id = $1 ORDER BY seq", identity(kind, key))
	if err != nil {
		return s.explain(err)
	}
	var data pgtype.DriverBytes // valid until the next row, not copied
	var failed error
	tag, err := pgx.ForEachRow(rows, []any{&data}, func() error {
		_, failed = w.Write(data)
		return failed
	})
	switch {
	case failed != nil:
		return failed
	case err == nil && tag.RowsAffected() == 0:
		err = fmt.Errorf("%s %q: %w", kind, key, store.ErrNotFound)
	}
	return s.explain(err)
}

// oneLine makes the list of addresses that were tried one line.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e oneLine) Unwrap() error { return e.error }
