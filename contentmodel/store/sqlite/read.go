package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// existingQuery asks for MaxRows keys at once and gets back the numbers of
// those that are kept, so that keys need no look-up on our side.
func existingQuery() string { return "SELECT k.column1" + fromKeys() }

// fromKeys is the content of MaxRows keys. CROSS JOIN tells SQLite to go
// through the keys, not through the content.
func fromKeys() string {
	var b strings.Builder
	b.WriteString(" FROM (VALUES ")
	for i := range pack.MaxRows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "(%d,?,?)", i)
	}
	b.WriteString(") AS k CROSS JOIN content ON content.kind = k.column2 AND content.key = k.column3")
	return b.String()
}

// Existing asks in steps of a fixed number of keys; see [store.Store].
func (s *db) Existing(ctx context.Context, units []contentmodel.Unit, found []bool) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	clear(found[:len(units)])
	args := make([]any, 2*pack.MaxRows)
	for len(units) > 0 {
		n := fill(args, units)
		if err := kept(ctx, s.existing, args, found); err != nil {
			return s.explain(err)
		}
		units, found = units[n:], found[n:]
	}
	return nil
}

// fill puts the keys of the first units into args and returns how many: fewer
// than there is room for when they are very long. The rest is NULL, which
// equals nothing.
func fill(args []any, units []contentmodel.Unit) int {
	clear(args)
	n, bytes := 0, 0
	for n < len(units) && 2*n < len(args) && bytes < pack.KeyBytes {
		key := units[n].Key()
		args[2*n], args[2*n+1] = units[n].Kind(), key
		bytes += len(key)
		n++
	}
	return n
}

// kept sets found for the keys in args that the statement, of existingQuery, finds.
func kept(ctx context.Context, existing *sql.Stmt, args []any, found []bool) error {
	rows, err := existing.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		if err := rows.Scan(&i); err != nil {
			return err
		}
		found[i] = true
	}
	return rows.Err()
}

// Count counts the index of keys; see [store.Store].
func (s *db) Count(ctx context.Context) (n int64, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	err = s.reader.QueryRowContext(ctx, "SELECT count(*) FROM content").Scan(&n)
	return n, s.explain(err)
}

// Body writes the first chunk, then the others as they are read; see
// [store.Store]. It needs no transaction: what is kept never changes.
func (s *db) Body(ctx context.Context, kind, key string, w io.Writer) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	var id int64
	var first []byte
	err = s.reader.QueryRowContext(ctx, "SELECT id, body FROM content WHERE kind = ? AND key = ?", kind, key).
		Scan(&id, &first)
	if errors.Is(err, sql.ErrNoRows) {
		return s.explain(fmt.Errorf("%s %q: %w", kind, key, store.ErrNotFound))
	}
	if err != nil {
		return s.explain(err)
	}
	if _, err := w.Write(first); err != nil {
		return err
	}
	return s.tail(ctx, id, w)
}

func (s *db) tail(ctx context.Context, id int64, w io.Writer) error {
	rows, err := s.reader.QueryContext(ctx, "SELECT data FROM tail WHERE content = ? ORDER BY seq", id)
	if err != nil {
		return s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var data sql.RawBytes // the driver's own bytes, valid until Next
		if err := rows.Scan(&data); err != nil {
			return s.explain(err)
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return s.explain(rows.Err())
}
