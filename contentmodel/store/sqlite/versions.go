package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// Latest looks the newest version up; see [store.Versioned].
func (s *db) Latest(ctx context.Context, repository string) (store.Version, error) {
	if err := store.CheckRepository(repository); err != nil {
		return store.Version{}, s.explain(err)
	}
	end, err := s.begin(ctx)
	if err != nil {
		return store.Version{}, err
	}
	defer end()
	_, v, err := latest(ctx, s.reader, repository)
	return v, s.explain(err)
}

// Units reads page by page; see [store.Versioned].
func (s *db) Units(ctx context.Context, repository string, number int64) iter.Seq2[store.Name, error] {
	return pages[store.Name]{
		query: "SELECT c.kind, c.key" + members("") + " AND (c.kind, c.key) > (?4, ?5) ORDER BY c.kind, c.key LIMIT ?3",
		after: []any{"", ""},
		place: func(n *store.Name) ([]any, int) { return []any{n.Kind, n.Key}, len(n.Key) },
		scan:  func(rows *sql.Rows, n *store.Name) error { return rows.Scan(&n.Kind, &n.Key) },
	}.all(ctx, s, repository, number)
}

// Artifacts reads page by page; see [store.Versioned].
func (s *db) Artifacts(ctx context.Context, repository string, number int64) iter.Seq2[store.Artifact, error] {
	return pages[store.Artifact]{
		query: "SELECT c.kind, c.key, a.path, a.size, a.sum, a.url, a.kept" + members("CROSS JOIN artifact AS a ON a.content = c.id") +
			" AND (c.kind, c.key, a.path) > (?4, ?5, ?6) ORDER BY c.kind, c.key, a.path LIMIT ?3",
		after: []any{"", "", ""},
		place: func(a *store.Artifact) ([]any, int) {
			return []any{a.Of.Kind, a.Of.Key, a.Path}, len(a.Of.Key) + len(a.Path) + len(a.URL)
		},
		scan: func(rows *sql.Rows, a *store.Artifact) error {
			var sum []byte
			err := rows.Scan(&a.Of.Kind, &a.Of.Key, &a.Path, &a.Size, &sum, &a.URL, &a.Kept)
			a.Sum = contentmodel.Checksum(sum)
			return err
		},
	}.all(ctx, s, repository, number)
}

// members goes through the content in the order of its keys, and asks of each whether the version has it. So nothing is
// sorted, for which SQLite would need memory or a temporary file, but a small repository costs what the store has.
func members(join string) string {
	return ` FROM content AS c CROSS JOIN member AS m ON m.content = c.id ` + join + `
	WHERE m.repository = ?1 AND m.added <= ?2 AND (m.removed IS NULL OR m.removed > ?2) AND (c.kind, c.key) >= (?4, ?5)`
}

// pages reads rows a page at a time, so that no connection is held while a loop's body runs: it may take as long as it
// likes, and use the store. Versions don't change, so the pages fit together.
type pages[T any] struct {
	query string // of rows after a place, with arguments repository, version, limit, place
	after []any  // the place before the first
	place func(*T) (place []any, bytes int)
	scan  func(*sql.Rows, *T) error
}

// pageRows is how many rows are read at once; fewer if they are long.
const pageRows = 256

func (p pages[T]) all(ctx context.Context, s *db, repository string, number int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		id, err := s.repository(ctx, repository, number)
		after := p.after
		for err == nil {
			var page []T
			page, err = p.read(ctx, s, append([]any{id, number, pageRows}, after...))
			if err == nil && len(page) == 0 {
				return
			}
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
				after, _ = p.place(&page[i])
			}
		}
		yield(none, err)
	}
}

// read is one page: none at the end.
func (p pages[T]) read(ctx context.Context, s *db, args []any) (page []T, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := s.reader.QueryContext(ctx, p.query, args...)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	for bytes := 0; bytes < pack.KeyBytes && rows.Next(); {
		var row T
		if err := p.scan(rows, &row); err != nil {
			return nil, s.explain(err)
		}
		_, n := p.place(&row)
		bytes += n
		page = append(page, row)
	}
	return page, s.explain(rows.Err())
}

// repository is the number of a repository that has the version.
func (s *db) repository(ctx context.Context, name string, number int64) (id int64, err error) {
	if err := store.CheckRepository(name); err != nil {
		return 0, s.explain(err)
	}
	end, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	err = s.reader.QueryRowContext(ctx, `SELECT repository FROM version
		WHERE repository = (SELECT id FROM repository WHERE name = ?) AND number = ?`, name, number).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("version %d of repository %q: %w", number, name, store.ErrNotFound)
	}
	return id, s.explain(err)
}
