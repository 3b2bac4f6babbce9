package sqlite

import (
	"context"
	"fmt"

	"github.com/syncmem/syncmem/contentmodel/store"
)

const saveArtifact = `INSERT INTO artifact (content, path, size, sum, url, kept)
	SELECT id, ?, ?, ?, ?, ? FROM content WHERE kind = ? AND key = ?
	ON CONFLICT DO UPDATE SET size = excluded.size, sum = excluded.sum, url = excluded.url, kept = max(kept, excluded.kept)`

// SaveArtifacts writes them one by one in one transaction; see [store.Versioned].
func (s *db) SaveArtifacts(ctx context.Context, artifacts []store.Artifact) error {
	end, err := s.beginSave(ctx)
	if err != nil {
		return err
	}
	defer end()
	if len(artifacts) == 0 {
		return nil
	}
	return s.explain(s.transact(ctx, forWriting, func() error {
		for i := range artifacts {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.saveArtifact(&artifacts[i]); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (s *db) saveArtifact(a *store.Artifact) error {
	res, err := s.artifact.ExecContext(context.Background(), a.Path, a.Size, []byte(a.Sum), a.URL, a.Kept, a.Of.Kind, a.Of.Key)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = fmt.Errorf("%s %.80q: %w", a.Of.Kind, a.Of.Key, store.ErrNotKept)
	}
	return err
}
