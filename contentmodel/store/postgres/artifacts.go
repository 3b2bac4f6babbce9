package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/syncmem/syncmem/contentmodel/store"
)

var artifactColumns = []string{"n", "id", "path", "size", "sum", "url", "kept"}

// firstUnkept is the number of the first artifact whose unit is not kept, or 0.
const firstUnkept = `SELECT coalesce(min(n), 0) FROM syncmem_incoming_artifacts AS i
	WHERE NOT EXISTS (SELECT FROM syncmem_content AS c WHERE c.id = i.id)`

// record takes the artifacts over. Of those with one unit and path the last counts. They are taken in order, so that
// two programs which record the same wait for each other instead of deadlocking.
const record = `
INSERT INTO syncmem_artifact AS a (id, place, path, size, sum, url, kept)
SELECT DISTINCT ON (id, place) id, place, path, size, sum, url, bool_or(kept) OVER (PARTITION BY id, place)
FROM (SELECT *, sha256(path) AS place FROM syncmem_incoming_artifacts) AS i ORDER BY id, place, n DESC
ON CONFLICT (id, place) DO UPDATE
SET size = excluded.size, sum = excluded.sum, url = excluded.url, kept = a.kept OR excluded.kept`

// SaveArtifacts copies all, then takes them over in one statement; see [store.Versioned].
func (s *db) SaveArtifacts(ctx context.Context, artifacts []store.Artifact) error {
	end, err := s.calls.Begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if len(artifacts) == 0 {
		return nil
	}
	return s.explain(again(func() error {
		return s.transact(ctx, s.pool, func(tx pgx.Tx) error { return saveArtifacts(ctx, tx, artifacts) })
	}))
}

func saveArtifacts(ctx context.Context, tx pgx.Tx, artifacts []store.Artifact) error {
	rows := pgx.CopyFromSlice(len(artifacts), func(i int) ([]any, error) {
		a := &artifacts[i]
		return []any{i + 1, identity(a.Of.Kind, a.Of.Key), []byte(a.Path), a.Size, []byte(a.Sum), []byte(a.URL), a.Kept}, nil
	})
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"syncmem_incoming_artifacts"}, artifactColumns, rows); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	n := 0
	if err := tx.QueryRow(ctx, firstUnkept).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		of := artifacts[n-1].Of
		return fmt.Errorf("%s %.80q: %w", of.Kind, of.Key, store.ErrNotKept)
	}
	_, err := tx.Exec(ctx, record)
	return err
}
