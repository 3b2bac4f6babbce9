package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	err = s.transact(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.copy(ctx, tx, units); err != nil {
			return err
		}
		return tx.QueryRow(ctx, move).Scan(&saved)
	})
	if err != nil {
		return 0, s.explain(err)
	}
	return saved, nil
}

// commitTimeout bounds the one step that ctx does not end at once, and
// commitGrace what is left of it when ctx ends.
const (
	commitTimeout = 30 * time.Second
	commitGrace   = 500 * time.Millisecond
)

// beginner is a pool or a connection.
type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// transact runs fn in a transaction. Any error undoes all of it.
func (s *db) transact(ctx context.Context, on beginner, fn func(pgx.Tx) error) error {
	tx, err := on.Begin(ctx)
	if err == nil {
		defer func() { // also when fn panics; after a commit it does nothing
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitGrace)
			defer cancel()
			_ = tx.Rollback(ctx)
		}()
		err = fn(tx)
	}
	if ctx.Err() != nil {
		return ctx.Err() // not the broken connection it left
	}
	if err != nil {
		return err
	}
	// A commit that is cut off may have happened or not, so an end of ctx comes too late from here on, as long as the
	// server answers.
	final, cancel := graceful(ctx)
	defer cancel()
	if err := tx.Commit(final); err != nil {
		return fmt.Errorf("commit: %w; run again, the next sync finds out what was kept", err)
	}
	return nil
}

// graceful is a context that ends a little after ctx.
func graceful(ctx context.Context) (context.Context, func()) {
	final, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(commitGrace):
			cancel()
		case <-final.Done():
		}
	})
	return final, func() { stop(); cancel() }
}

// errCutOff is what pgx is told when a unit panics or ends the goroutine.
var errCutOff = errors.New("a unit did not return")

// copy streams the units into the temporary table. The units stay on our goroutine, where a panic of theirs is the
// caller's to see, and pgx gets another.
func (s *db) copy(ctx context.Context, tx pgx.Tx, units []contentmodel.Unit) error {
	src, copied := newRows(), make(chan error, 1)
	go func() {
		defer close(src.over)
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"syncmem_incoming"}, columns, src)
		copied <- err
	}()
	packed, err := s.pack(ctx, units, src, copied)
	switch {
	case packed != nil && packed != errOver:
		return packed
	case err != nil:
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

// pack writes the units to src, and in any case waits until pgx is done with it.
func (s *db) pack(ctx context.Context, units []contentmodel.Unit, src *rows, copied <-chan error) (packed, err error) {
	packed = errCutOff
	defer func() {
		src.err = packed
		close(src.give)
		err = <-copied
	}()
	_, packed = s.packer.Pack(ctx, units, src)
	return packed, nil
}
