package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/syncmem/syncmem/contentmodel/store"
)

// Publish compares and writes in one transaction, in which no other process writes; see [store.Draft].
func (d *draft) Publish(ctx context.Context) (v store.Version, err error) {
	end, err := d.begin(ctx)
	if err != nil {
		return store.Version{}, err
	}
	defer end()
	err = d.transact(ctx, forWriting, func() (err error) {
		v, err = d.publish(ctx)
		return err
	})
	if err != nil {
		return store.Version{}, d.explain(err)
	}
	_ = d.drop() // it is published; what is left of the draft is gone with the process
	return v, nil
}

func (d *draft) publish(ctx context.Context) (store.Version, error) {
	repository, last, err := latest(ctx, d.conn, d.repository)
	if err != nil {
		return store.Version{}, err
	}
	if repository == 0 {
		res, err := d.exec("INSERT INTO repository (name) VALUES (?)", d.repository)
		if err != nil {
			return store.Version{}, err
		}
		if repository, err = res.LastInsertId(); err != nil {
			return store.Version{}, err
		}
	}
	next := store.Version{Repository: d.repository, Number: last.Number + 1}
	if err := d.merge(ctx, repository, &next); err != nil {
		return store.Version{}, err
	}
	if last.Number > 0 && next.Added == 0 && next.Removed == 0 {
		return last, nil
	}
	next.Units = last.Units + next.Added - next.Removed
	_, err = d.exec("INSERT INTO version (repository, number, units, added, removed) VALUES (?,?,?,?,?)",
		repository, next.Number, next.Units, next.Added, next.Removed)
	return next, err
}

// mergeStep is how many numbers of content one statement compares. SQLite holds the difference that a statement finds
// before it writes it: at most 1 MiB of this many.
const mergeStep = 50_000

// merge writes how the draft differs from what the repository has, and counts it in next. Both are in the order of the
// content's numbers, in which it was saved: little is read at random.
func (d *draft) merge(ctx context.Context, repository int64, next *store.Version) error {
	var last int64
	if err := d.conn.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM content").Scan(&last); err != nil {
		return err
	}
	for from := int64(0); from < last; from += mergeStep {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := d.change(&next.Removed, `UPDATE member SET removed = ?1
			WHERE repository = ?2 AND content > ?3 AND content <= ?4 AND removed IS NULL
			AND NOT EXISTS (SELECT 1 FROM `+d.table+` AS d WHERE d.content = member.content)`,
			next.Number, repository, from, from+mergeStep)
		if err != nil {
			return err
		}
		err = d.change(&next.Added, `INSERT INTO member (repository, content, added)
			SELECT ?2, content, ?1 FROM `+d.table+` AS d WHERE content > ?3 AND content <= ?4
			AND NOT EXISTS (SELECT 1 FROM member AS m WHERE m.repository = ?2 AND m.content = d.content AND m.removed IS NULL)`,
			next.Number, repository, from, from+mergeStep)
		if err != nil {
			return err
		}
	}
	return nil
}

// change runs a statement and adds the rows it changed to n.
func (d *draft) change(n *int64, query string, args ...any) error {
	res, err := d.exec(query, args...)
	if err != nil {
		return err
	}
	more, err := res.RowsAffected()
	*n += more
	return err
}

// querier is a connection or a pool of them.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// latest is a repository's number, 0 if there is none, and its newest version.
func latest(ctx context.Context, q querier, name string) (repository int64, v store.Version, err error) {
	v.Repository = name
	err = q.QueryRowContext(ctx, `SELECT repository, number, units, added, removed FROM version
		WHERE repository = (SELECT id FROM repository WHERE name = ?) ORDER BY number DESC LIMIT 1`, name).
		Scan(&repository, &v.Number, &v.Units, &v.Added, &v.Removed)
	if errors.Is(err, sql.ErrNoRows) { // no repository either: it is made with its first version
		err = nil
	}
	return repository, v, err
}
