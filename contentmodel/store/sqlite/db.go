package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/syncmem/syncmem/contentmodel/store/internal/calls"
	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// db is the store. Its writer is one connection with its own statements, held
// by the save whose turn it is; readers are a pool.
type db struct {
	path  string
	file  os.FileInfo // that was opened; nil until then
	calls *calls.Calls

	writer   *sql.DB
	conn     *sql.Conn
	insert   []insertStmt
	chunk    *sql.Stmt
	known    *sql.Stmt // as existing, of what the writer sees
	artifact *sql.Stmt
	packer   pack.Packer
	drafts   map[*draft]struct{} // that are not over
	made     int                 // drafts ever

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
	for d := range s.drafts {
		all = append(all, d.insert)
	}
	for _, stmt := range []*sql.Stmt{s.chunk, s.known, s.artifact, s.existing} {
		if stmt != nil {
			all = append(all, stmt)
		}
	}
	return all
}

// begin and beginSave are those of calls, for a file that is still where it was.
func (s *db) begin(ctx context.Context) (end func(), err error) {
	return s.inPlace(s.calls.Begin(ctx))
}

func (s *db) beginSave(ctx context.Context) (end func(), err error) {
	return s.inPlace(s.calls.BeginSave(ctx))
}

func (s *db) inPlace(end func(), err error) (func(), error) {
	if err != nil {
		return nil, err
	}
	if err := s.there(); err != nil {
		end()
		return nil, s.explain(err)
	}
	return end, nil
}

// there fails if the file was removed or replaced: on most systems SQLite would go on with the one that nobody will
// ever see again.
func (s *db) there() error {
	now, err := os.Stat(s.path)
	if err == nil && (s.file == nil || os.SameFile(now, s.file)) {
		return nil
	}
	return errGone
}

var errGone = errors.New("was removed or replaced while it was in use, and what was saved meanwhile may be lost; put it back, or sync anew")

// How a transaction begins: one that writes to the file keeps other processes from it, one that writes drafts does not.
const (
	forWriting = "BEGIN IMMEDIATE"
	forDrafts  = "BEGIN"
)

// transact runs fn in a transaction of the writer. Any error undoes all of it.
func (s *db) transact(ctx context.Context, begin string, fn func() error) (err error) {
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
	if err := s.beginTransaction(ctx, begin); err != nil {
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
	if committed {
		err = s.there()
	}
	return err
}

// beginTransaction tries again as long as it is kept out by others that get something done: SQLite has no queue, and
// who is unlucky may find the file locked each time it looks, until it gives up.
func (s *db) beginTransaction(ctx context.Context, begin string) error {
	for {
		before, err := s.dataVersion(ctx)
		if err != nil {
			return err
		}
		_, err = s.conn.ExecContext(ctx, begin)
		if e, ok := errors.AsType[*driver.Error](err); !ok || e.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		if after, bad := s.dataVersion(ctx); bad != nil || after == before {
			return err
		}
	}
}

// dataVersion is another number when another process, or another store, has changed the file.
func (s *db) dataVersion(ctx context.Context) (n int64, err error) {
	err = s.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&n)
	return n, err
}
