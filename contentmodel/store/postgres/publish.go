package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/syncmem/syncmem/contentmodel/store"
)

// Publish compares and writes in one transaction, while no other version of the repository is published; see
// [store.Draft].
func (d *draft) Publish(ctx context.Context) (v store.Version, err error) {
	end, err := d.begin(ctx)
	if err != nil {
		return store.Version{}, err
	}
	defer end()
	err = again(func() error {
		return d.transact(ctx, func(tx pgx.Tx) (err error) {
			v, err = d.publish(ctx, tx)
			return err
		})
	})
	if err != nil {
		return store.Version{}, d.explain(err)
	}
	d.end()
	return v, nil
}

// again runs a transaction once more, and again, as long as the server undid it because others were in its way. We take
// locks in an order that does not deadlock; other programs and settings of the server may not.
func again(transaction func() error) (err error) {
	for range 5 {
		err = transaction()
		e, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || e.Code[:2] != "40" {
			break
		}
	}
	return err
}

func (d *draft) publish(ctx context.Context, tx pgx.Tx) (v store.Version, err error) {
	repository, err := lockRepository(ctx, tx, d.repository)
	if err != nil {
		return v, err
	}
	last, err := latest(ctx, tx, d.repository)
	if err != nil {
		return v, err
	}
	next := store.Version{Repository: d.repository, Number: last.Number + 1}
	if err := merge(ctx, tx, repository, &next); err != nil {
		return v, err
	}
	if last.Number > 0 && next.Added == 0 && next.Removed == 0 {
		return last, nil
	}
	next.Units = last.Units + next.Added - next.Removed
	_, err = tx.Exec(ctx, "INSERT INTO syncmem_version (repository, number, units, added, removed) VALUES ($1,$2,$3,$4,$5)",
		repository, next.Number, next.Units, next.Added, next.Removed)
	return next, err
}

// lockRepository is the number of a repository, which it makes if need be. Nobody else publishes a version of it until
// the end of the transaction; the lock is the first that a publisher takes, and the only one that it waits for.
func lockRepository(ctx context.Context, tx pgx.Tx, name string) (id int64, err error) {
	const find = "SELECT id FROM syncmem_repository WHERE name = $1 FOR UPDATE"
	err = tx.QueryRow(ctx, find, name).Scan(&id)
	if !errors.Is(err, pgx.ErrNoRows) {
		return id, err
	}
	if _, err := tx.Exec(ctx, "INSERT INTO syncmem_repository (name) VALUES ($1) ON CONFLICT DO NOTHING", name); err != nil {
		return 0, err
	}
	return id, tx.QueryRow(ctx, find, name).Scan(&id)
}

// prepareMerge has the server know the draft's size, because nothing else looks at temporary tables, and has it not read
// the draft anew for each member: as long as it never looked at the members either, it takes them for few, and 10,000
// units took 36 seconds.
const prepareMerge = "ANALYZE syncmem_draft; SET LOCAL enable_nestloop = off"

// merge writes how the draft differs from what the repository has, and counts it in next.
func merge(ctx context.Context, tx pgx.Tx, repository int64, next *store.Version) error {
	if _, err := tx.Exec(ctx, prepareMerge); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `UPDATE syncmem_member AS m SET removed = $2 WHERE repository = $1 AND removed IS NULL
		AND NOT EXISTS (SELECT FROM syncmem_draft AS d WHERE d.id = m.id)`, repository, next.Number)
	if err != nil {
		return err
	}
	next.Removed = tag.RowsAffected()
	tag, err = tx.Exec(ctx, `INSERT INTO syncmem_member (repository, id, added)
		SELECT $1, id, $2 FROM (SELECT DISTINCT id FROM syncmem_draft) AS d
		WHERE NOT EXISTS (SELECT FROM syncmem_member AS m WHERE m.repository = $1 AND m.id = d.id AND m.removed IS NULL)
		ORDER BY id`, repository, next.Number)
	next.Added = tag.RowsAffected()
	return err
}

// querier is a transaction or a pool.
type querier interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// latest is the newest version of a repository.
func latest(ctx context.Context, q querier, name string) (store.Version, error) {
	v := store.Version{Repository: name}
	err := q.QueryRow(ctx, `SELECT number, units, added, removed FROM syncmem_version
		WHERE repository = (SELECT id FROM syncmem_repository WHERE name = $1) ORDER BY number DESC LIMIT 1`, name).
		Scan(&v.Number, &v.Units, &v.Added, &v.Removed)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return v, err
}
