package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// draft is a table of the writer's temporary database, with the content that the version will have. SQLite keeps that
// in a file without a name beyond a cache of 1 MiB, so a draft is gone with its process, and no other process waits for
// what is added to it. Whoever has the turn may use the draft.
type draft struct {
	*db
	repository string
	table      string
	insert     *sql.Stmt // for as many keys as fill takes
	over       bool
}

// Begin makes the draft's table; see [store.Versioned].
func (s *db) Begin(ctx context.Context, repository string) (store.Draft, error) {
	if err := store.CheckRepository(repository); err != nil {
		return nil, s.explain(err)
	}
	end, err := s.beginSave(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	s.made++
	d := &draft{db: s, repository: repository, table: fmt.Sprintf("temp.draft%d", s.made)}
	if err := d.make(); err != nil {
		return nil, s.explain(err)
	}
	s.drafts[d] = struct{}{}
	return d, nil
}

// make runs without the caller's context: it takes a moment, and must not be left half done.
func (d *draft) make() (err error) {
	if _, err := d.exec("CREATE TABLE " + d.table + " (content INTEGER PRIMARY KEY)"); err != nil {
		return err
	}
	d.insert, err = d.conn.PrepareContext(context.Background(), "INSERT OR IGNORE INTO "+d.table+" SELECT content.id"+fromKeys())
	return err
}

// exec runs a statement of the writer that takes a moment; see sink for why it has no context.
func (s *db) exec(query string, args ...any) (sql.Result, error) {
	return s.conn.ExecContext(context.Background(), query, args...)
}

// begin waits for the turn, and fails if the draft is over.
func (d *draft) begin(ctx context.Context) (end func(), err error) {
	end, err = d.beginSave(ctx)
	if err == nil && d.over {
		end()
		return nil, d.explain(fmt.Errorf("repository %q: %w", d.repository, store.ErrOver))
	}
	return end, err
}

// Add puts units into the draft's table, in steps of a fixed number of keys; see [store.Draft].
func (d *draft) Add(ctx context.Context, units []contentmodel.Unit) error {
	end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	args := make([]any, 2*pack.MaxRows)
	return d.explain(d.transact(ctx, forDrafts, func() error {
		for len(units) > 0 {
			n := fill(args, units)
			if err := d.add(args, units[:n]); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			units = units[n:]
		}
		return nil
	}))
}

// add looks for what is not kept only if not all rows were new.
func (d *draft) add(args []any, units []contentmodel.Unit) error {
	res, err := d.insert.ExecContext(context.Background(), args...)
	if err != nil {
		return err
	}
	added, err := res.RowsAffected()
	if err != nil || added == int64(len(units)) {
		return err
	}
	var found [pack.MaxRows]bool
	if err := kept(context.Background(), d.known, args, found[:]); err != nil {
		return err
	}
	for i, u := range units {
		if !found[i] {
			return fmt.Errorf("%s %.80q: %w", u.Kind(), u.Key(), store.ErrNotKept)
		}
	}
	return nil
}

// Discard drops the draft's table; see [store.Draft].
func (d *draft) Discard() error {
	end, err := d.calls.BeginSave(context.Background())
	if errors.Is(err, store.ErrClosed) {
		return nil // and so is the temporary database
	}
	defer end()
	if d.over {
		return nil
	}
	return d.explain(d.drop())
}

// drop frees what the draft has.
func (d *draft) drop() error {
	d.over = true
	delete(d.drafts, d)
	err := d.insert.Close()
	_, dropped := d.exec("DROP TABLE " + d.table)
	return errors.Join(err, dropped)
}
