package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/internal/calls"
)

const (
	// applicationID marks our files in SQLite's header: "SYNC".
	applicationID = 0x53594e43
	// schemaVersion is raised with every change to schema.
	schemaVersion = 1
	// readers is how many calls can read at once; each has a page cache.
	readers = 2
)

// schema: body is the first chunk, tail the others in order. Keys are unique
// through an index beside the rows, so that rows are appended in the order they
// come and only the index is written at random.
const schema = `
CREATE TABLE content (
	id   INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,
	key  TEXT NOT NULL,
	body BLOB NOT NULL,
	UNIQUE (kind, key)
);
CREATE TABLE tail (
	content INTEGER NOT NULL REFERENCES content (id),
	seq     INTEGER NOT NULL,
	data    BLOB NOT NULL,
	PRIMARY KEY (content, seq)
) WITHOUT ROWID;`

// pragmas of every connection. A larger cache makes saving random keys faster,
// at the price of memory no budget sees; mmap would count the file as ours.
const (
	writePragmas = `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
		PRAGMA cache_size = -2048; PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 8388608;`
	readPragmas = "_pragma=query_only(1)&_pragma=cache_size(-512)&_pragma=mmap_size(0)&"
	busyPragma  = "_pragma=busy_timeout(5000)"
)

// Open opens the store in the file at path, or makes it. A file that is not
// ours is refused and left as it is. Errors are one line that names the file.
// The caller must Close the store.
func Open(ctx context.Context, path string) (store.Store, error) {
	s := &db{path: path, calls: calls.New()}
	if err := s.open(ctx); err != nil {
		err = s.explain(err)
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *db) open(ctx context.Context) error {
	uri, err := fileURI(s.path)
	if err != nil {
		return err
	}
	if s.writer, err = sql.Open("sqlite", uri+"?"+busyPragma); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	if s.conn, err = s.writer.Conn(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, writePragmas); err != nil {
		return err
	}
	if s.reader, err = sql.Open("sqlite", uri+"?"+readPragmas+busyPragma); err != nil {
		return err
	}
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	return s.prepare(ctx)
}

// fileURI spells the path so that SQLite takes every character of it for
// itself.
func fileURI(path string) (string, error) {
	if path == "" || path == ":memory:" {
		return "", errors.New("want the path of a file")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "", errors.New("is a directory; name a file inside it")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	slashed := filepath.ToSlash(abs)
	if slashed[0] != '/' { // a Windows drive
		slashed = "/" + slashed
	}
	return (&url.URL{Scheme: "file", Path: slashed}).String(), nil
}

// migrate makes the schema in an empty file and refuses a foreign one. It runs
// in one transaction, so that two processes may open the same new file.
func (s *db) migrate(ctx context.Context) error {
	return s.transact(ctx, func() error {
		var app, version, tables int64
		row := s.conn.QueryRowContext(ctx, `SELECT application_id, user_version,
			(SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version`)
		if err := row.Scan(&app, &version, &tables); err != nil {
			return err
		}
		switch {
		case app == applicationID && version == schemaVersion:
			return nil
		case app == applicationID:
			return fmt.Errorf("has schema version %d, this program knows version %d; use the program that made it, or another file",
				version, schemaVersion)
		case app != 0 || version != 0 || tables != 0:
			return errors.New("is a database of another program; choose another file")
		}
		_, err := s.conn.ExecContext(ctx, fmt.Sprintf("%s PRAGMA application_id = %d; PRAGMA user_version = %d;",
			schema, applicationID, schemaVersion))
		return err
	})
}
