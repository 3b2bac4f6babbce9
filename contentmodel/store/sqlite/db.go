package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/syncmem/syncmem/contentmodel/store/internal/calls"
	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// db is the store. Its writer is one connection with its own statements, held
// by the save whose turn it is; readers are a pool.
type db struct {
	path  string
	calls *calls.Calls

	writer *sql.DB
	conn   *sql.Conn
	insert []insertStmt
	chunk  *sql.Stmt
	packer pack.Packer

	reader   *sql.DB
	existing *sql.Stmt
}

// Close waits for calls that run, then closes. The last connection to close
// moves the log into the file.
func (s *db) Close() error { return s.calls.Close(s.free) }

// free closes what was opened: less if Open failed.
func (s *db) free() error {
	var errs []error
	// A connection closes only when its statements are closed, and only then
	// is the log moved into the file; sql.DB would leave them to the driver.
	for _, stmt := range s.statements() {
		errs = append(errs, stmt.Close())
	}
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	return s.explain(errors.Join(errs...))
}

// statements are those that were prepared: fewer if Open failed.
func (s *db) statements() []*sql.Stmt {
	var all []*sql.Stmt
	for _, in := range s.insert {
		all = append(all, in.stmt)
	}
	for _, stmt := range []*sql.Stmt{s.chunk, s.existing} {
		if stmt != nil {
			all = append(all, stmt)
		}
	}
	return all
}

// transact runs fn in a transaction of the writer that no other process can
// come between. Any error undoes all of it.
func (s *db) transact(ctx context.Context, fn func() error) (err error) {
	committed := false
	defer func() { // also when fn panics
		if !committed {
			// After some errors SQLite has rolled back by itself: then this
			// fails, and there is nothing to do.
			_, _ = s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	// When ctx ends just as the statement does, the driver gives ctx's error
	// for a transaction that has begun: that, too, must be undone.
	if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on it is all or nothing, so an end of ctx comes too late.
	_, err = s.conn.ExecContext(context.WithoutCancel(ctx), "COMMIT")
	committed = err == nil
	return err
}
