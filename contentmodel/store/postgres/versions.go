package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
)

// Latest looks the newest version up; see [store.Versioned].
func (s *db) Latest(ctx context.Context, repository string) (store.Version, error) {
	if err := store.CheckRepository(repository); err != nil {
		return store.Version{}, s.explain(err)
	}
	end, err := s.calls.Begin(ctx)
	if err != nil {
		return store.Version{}, err
	}
	defer end()
	v, err := latest(ctx, s.pool, repository)
	return v, s.explain(err)
}

// members are the rows of a version. The server sorts, on disk where there are many.
const members = ` FROM syncmem_member AS m JOIN syncmem_content AS c USING (id)`

const ofVersion = ` WHERE m.repository = $1 AND m.added <= $2 AND (m.removed IS NULL OR m.removed > $2) ORDER BY c.kind COLLATE "C", c.key`

// Units reads row by row; see [store.Versioned].
func (s *db) Units(ctx context.Context, repository string, number int64) iter.Seq2[store.Name, error] {
	return all(ctx, s, repository, number, "SELECT c.kind, c.key"+members+ofVersion, func(rows pgx.Rows) (n store.Name, err error) {
		var key []byte
		err = rows.Scan(&n.Kind, &key)
		n.Key = string(key)
		return n, err
	})
}

// Artifacts reads row by row; see [store.Versioned].
func (s *db) Artifacts(ctx context.Context, repository string, number int64) iter.Seq2[store.Artifact, error] {
	query := "SELECT c.kind, c.key, a.path, a.size, a.sum, a.url, a.kept" + members + " JOIN syncmem_artifact AS a USING (id)" + ofVersion + ", a.path"
	return all(ctx, s, repository, number, query, func(rows pgx.Rows) (a store.Artifact, err error) {
		var key, path, sum, url []byte
		err = rows.Scan(&a.Of.Kind, &key, &path, &a.Size, &sum, &url, &a.Kept)
		a.Of.Key, a.Path, a.Sum, a.URL = string(key), string(path), contentmodel.Checksum(sum), string(url)
		return a, err
	})
}

// errStopped ends the reading of rows that nobody wants any more.
var errStopped = errors.New("the loop is over")

// all yields what scan makes of the rows of a version. The loop holds a connection, and Close waits for it.
func all[T any](ctx context.Context, s *db, repository string, number int64, query string, scan func(pgx.Rows) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		err := s.each(ctx, repository, number, query, func(rows pgx.Rows) error {
			row, err := scan(rows)
			if err == nil && !yield(row, nil) {
				err = errStopped
			}
			return err
		})
		if err != nil && err != errStopped {
			yield(none, s.explain(err))
		}
	}
}

// each runs fn for the rows of a version, until it fails.
func (s *db) each(ctx context.Context, repository string, number int64, query string, fn func(pgx.Rows) error) error {
	if err := store.CheckRepository(repository); err != nil {
		return err
	}
	end, err := s.calls.Begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	id, err := s.repository(ctx, repository, number)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows, err := s.pool.Query(ctx, query, id, number)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			cancel() // else Close would read the rest
			return err
		}
	}
	return rows.Err()
}

// repository is the number of a repository that has the version.
func (s *db) repository(ctx context.Context, name string, number int64) (id int64, err error) {
	err = s.pool.QueryRow(ctx, `SELECT repository FROM syncmem_version
		WHERE repository = (SELECT id FROM syncmem_repository WHERE name = $1) AND number = $2`, name, number).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = fmt.Errorf("version %d of repository %q: %w", number, name, store.ErrNotFound)
	}
	return id, err
}
