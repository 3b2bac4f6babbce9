package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// ladder is how many rows an insert statement takes. Rows are cut into the
// largest steps that fit, so that a few prepared statements serve any number.
var ladder = []int{pack.MaxRows, 8, 1}

type insertStmt struct {
	rows int
	stmt *sql.Stmt
}

// prepare compiles every statement once.
func (s *db) prepare(ctx context.Context) (err error) {
	for _, n := range ladder {
		query := "INSERT INTO content (kind, key, body) VALUES " + repeat("(?,?,?)", n) + " ON CONFLICT DO NOTHING"
		stmt, err := s.conn.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		s.insert = append(s.insert, insertStmt{n, stmt})
	}
	s.chunk, err = s.conn.PrepareContext(ctx, "INSERT INTO tail (content, seq, data) VALUES (?,?,?)")
	if err != nil {
		return err
	}
	if s.known, err = s.conn.PrepareContext(ctx, existingQuery()); err != nil {
		return err
	}
	if s.artifact, err = s.conn.PrepareContext(ctx, saveArtifact); err != nil {
		return err
	}
	s.existing, err = s.reader.PrepareContext(ctx, existingQuery())
	return err
}

func repeat(s string, n int) string { return strings.Repeat(s+",", n-1) + s }

// Save keeps new units in one transaction; see [store.Store].
func (s *db) Save(ctx context.Context, units []contentmodel.Unit) (saved int, err error) {
	end, err := s.beginSave(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	if len(units) == 0 {
		return 0, nil
	}
	err = s.transact(ctx, forWriting, func() (err error) {
		saved, err = s.packer.Pack(ctx, units, &sink{db: s})
		return err
	})
	if err != nil {
		return 0, s.explain(err)
	}
	return saved, nil
}

// sink writes rows on the writer's connection. Its statements run without the
// caller's context: each takes a moment, the packer asks the context between
// them, and a driver with a context to watch starts a goroutine for each.
type sink struct {
	*db
	args []any
	id   int64 // of the unit that was begun
}

// Rows inserts whole units; the count of rows changed leaves out known ones.
func (k *sink) Rows(rows []pack.Row) (saved int, err error) {
	for _, step := range k.insert {
		for len(rows) >= step.rows {
			res, err := k.exec(step.stmt, rows[:step.rows])
			if err != nil {
				return saved, err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return saved, err
			}
			saved += int(n)
			rows = rows[step.rows:]
		}
	}
	return saved, nil
}

func (k *sink) exec(stmt *sql.Stmt, rows []pack.Row) (sql.Result, error) {
	k.args = k.args[:0]
	for i := range rows {
		k.args = append(k.args, rows[i].Kind, rows[i].Key, rows[i].Body)
	}
	return stmt.ExecContext(context.Background(), k.args...)
}

// Begin inserts the first chunk and remembers the row for the others.
func (k *sink) Begin(first pack.Row) (isNew bool, err error) {
	res, err := k.exec(k.insert[len(k.insert)-1].stmt, []pack.Row{first})
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return false, err
	}
	k.id, err = res.LastInsertId()
	return true, err
}

// Chunk inserts a further chunk.
func (k *sink) Chunk(seq int, data []byte) error {
	_, err := k.chunk.ExecContext(context.Background(), k.id, seq, data)
	return err
}
