package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/syncmem/syncmem/contentmodel"
)

// move takes the new content over. Of duplicates in the batch the first counts
// (n is its place). Keys are taken in order, so that two programs which save
// the same content wait for each other instead of deadlocking. Bodies follow
// only content that was made here: what was kept before stays as it is.
const move = `
WITH made AS (
	INSERT INTO syncmem_content (id, kind, key)
	SELECT DISTINCT ON (id) id, kind, key FROM syncmem_incoming WHERE seq = 0 ORDER BY id, n
	ON CONFLICT DO NOTHING RETURNING id
), first AS (
	SELECT id, min(n) AS n FROM syncmem_incoming GROUP BY id
), bodies AS (
	INSERT INTO syncmem_body (id, seq, data)
	SELECT id, seq, data FROM syncmem_incoming JOIN made USING (id) JOIN first USING (id, n)
)
SELECT count(*) FROM made`

var columns = []string{"id", "kind", "key", "n", "seq", "data"}

// Save copies all units, then moves those that are new; see [store.Store]. It
// also sends what turns out to be known: ask Existing first.
func (s *db) Save(ctx context.Context, units []contentmodel.Unit) (saved int, err error) {
	end, err := s.calls.BeginSave(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	if len(units) == 0 {
		return 0, nil
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.copy(ctx, tx, units); err != nil {
			return err
		}
		return tx.QueryRow(ctx, move).Scan(&saved)
	})
	if ctx.Err() != nil && err != nil {
		err = ctx.Err() // not the broken connection it left
	}
	if err != nil {
		return 0, s.explain(err)
	}
	return saved, nil
}

// copy streams the units into the temporary table. pgx asks for rows on a
// goroutine of its own, where a panic of a unit would end the program: it is
// carried over to ours.
func (s *db) copy(ctx context.Context, tx pgx.Tx, units []contentmodel.Unit) error {
	src := newRows(ctx, &s.packer, units)
	defer src.stop()
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"syncmem_incoming"}, columns, src)
	switch {
	case src.panicked != nil:
		panic(src.panicked)
	case src.err != nil:
		return src.err
	case err != nil:
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}
